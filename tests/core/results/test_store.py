"""The store returns what it was given, on SQLite and on PostgreSQL."""

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rallycross.deployment.step import StepEvent
from rallycross.errors import RallycrossError
from rallycross.results.reference import reference
from rallycross.results.sla_row import SlaRow
from rallycross.results.store import Store
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.verification.test import TestResult

DEPLOYMENT = reference("dag", "run", "deploy")
VERIFICATION = reference("dag", "run", "verify")
TASK = reference("dag", "run", "benchmark")


def _workload(position: int) -> Workload:
    sla = {"max_avg_duration": 3, "failure_rate": {"max": 0}}
    return Workload(position, "A.b", {"size": 1}, "constant", {"times": 2}, {"users": {}}, sla)


def _task() -> Task:
    return Task(
        "title", (Subtask("one", (_workload(0), _workload(1)), tags=("t",)), Subtask("two", (_workload(2),), group="g"))
    )


def test_a_deployment_keeps_its_steps_in_the_order_of_their_begin(store: Store) -> None:
    """A second event of a step changes its row; its start is the time of the event minus its seconds."""
    store.deployments.begin(DEPLOYMENT, cloud="c", engine="embedded", spec="x: 1", total_steps=2)
    store.deployments.record_step(DEPLOYMENT, StepEvent("b", "B", "running", 100.0))
    store.deployments.record_step(DEPLOYMENT, StepEvent("a", "A", "skipped", 101.0))
    store.deployments.record_step(DEPLOYMENT, StepEvent("b", "B", "done", 103.0, seconds=3.0))
    store.deployments.end(DEPLOYMENT, status="finished")
    row = store.deployments.get(DEPLOYMENT)

    assert row is not None
    assert (row.status, row.cloud, row.total_steps) == ("finished", "c", 2)
    assert [(step.name, step.status, step.started_at, step.ended_at) for step in row.steps] == [
        ("b", "done", 100.0, 103.0),
        ("a", "skipped", 101.0, 101.0),
    ]


def test_what_a_deployment_has_done_is_not_skipped_by_it(store: Store) -> None:
    """A step that is skipped because this deployment has done it keeps its duration."""
    store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=1)
    store.deployments.record_step(DEPLOYMENT, StepEvent("a", "A", "done", 103.0, 3.0))
    store.deployments.record_step(DEPLOYMENT, StepEvent("a", "A", "skipped", 104.0))
    row = store.deployments.get(DEPLOYMENT)

    assert row is not None
    assert [(step.status, step.seconds) for step in row.steps] == [("done", 3.0)]


def test_a_deployment_taken_up_again_keeps_its_steps_and_its_begin(store: Store) -> None:
    """A resumed deployment keeps the finished steps; its status is that of the running attempt."""
    store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=2)
    store.deployments.record_step(DEPLOYMENT, StepEvent("a", "A", "done", 100.0, 1.0))
    store.deployments.record_step(DEPLOYMENT, StepEvent("b", "B", "running", 100.0))
    before = store.deployments.get(DEPLOYMENT)
    store.deployments.end(DEPLOYMENT, status="failed", error="no luck")
    failed = store.deployments.get(DEPLOYMENT)
    store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=2)
    after = store.deployments.get(DEPLOYMENT)

    assert before is not None
    assert failed is not None
    assert after is not None
    assert [step.status for step in failed.steps] == ["done", "failed"]
    assert (failed.error, after.error, after.status, after.ended_at) == ("no luck", "", "running", None)
    assert after.started_at == before.started_at
    assert len(after.steps) == 2


def test_one_failed_step_fails_the_deployment_and_not_those_beside_it(store: Store) -> None:
    """A failed step has a row even without an event, other steps stay, and the deployment has failed."""
    store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=0)
    for name in ("a", "b"):
        store.deployments.record_step(DEPLOYMENT, StepEvent(name, name.upper(), "running", 100.0, total=3))
    store.deployments.fail_step(DEPLOYMENT, "a", error="no luck")
    store.deployments.fail_step(DEPLOYMENT, "c", error="no host")
    row = store.deployments.get(DEPLOYMENT)

    assert row is not None
    assert (row.status, row.error, row.total_steps) == ("failed", "no host", 3)
    assert {step.name: step.status for step in row.steps} == {"a": "failed", "b": "running", "c": "failed"}


def test_a_failed_deployment_runs_again_once_its_only_failed_step_does(store: Store) -> None:
    """The deployment stays failed if a step without a failure, or one of several failed steps, is retried."""

    def status() -> tuple[str, str]:
        row = store.deployments.get(DEPLOYMENT)
        assert row is not None
        return row.status, row.error

    store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=3)
    store.deployments.fail_step(DEPLOYMENT, "a", error="no luck")
    store.deployments.resume(DEPLOYMENT, step="b")
    assert status() == ("failed", "no luck")

    store.deployments.resume(DEPLOYMENT, step="a")
    assert status() == ("running", "")

    store.deployments.fail_step(DEPLOYMENT, "b", error="no host")
    store.deployments.resume(DEPLOYMENT, step="a")
    assert status() == ("failed", "no host")


def test_a_verification_that_begins_again_starts_over(store: Store) -> None:
    """Tests are returned in the order of their ends, once each; a second attempt does not have the earlier ones."""
    for _ in range(2):
        store.verifications.begin(VERIFICATION, cloud="c", chosen="quick", total=2, environment={"tempest": "47"})
        store.tests.record(VERIFICATION, TestResult("t.b", "success", 5.0, 0.5, tags=("smoke",)))
        store.tests.record(VERIFICATION, TestResult("t.a", "skip", 6.0, 0.0, reason="no"))
        store.tests.record(VERIFICATION, TestResult("t.b", "fail", 7.0, 0.1, traceback="Traceback"))
    tests = store.tests.of(VERIFICATION)

    assert [(test.name, test.status, test.reason) for test in tests] == [("t.b", "fail", ""), ("t.a", "skip", "no")]
    store.verifications.end(VERIFICATION, status="finished")
    row = store.verifications.get(VERIFICATION)
    assert row is not None
    assert (row.status, row.environment) == ("finished", {"tempest": "47"})


def test_text_that_a_database_cannot_hold_does_not_cost_the_row(store: Store) -> None:
    """NUL and lone surrogates, which a broken answer can contain, are replaced."""
    store.verifications.begin(VERIFICATION, cloud="c", chosen="quick", total=1, environment={})
    store.tests.record(VERIFICATION, TestResult("t.a", "fail", 5.0, 0.5, traceback="a\0b \ud800"))

    assert [test.traceback for test in store.tests.of(VERIFICATION)] == ["a\ufffdb ?"]


def test_a_task_that_begins_again_is_left_as_it_is(store: Store) -> None:
    """A benchmark that is run again after a kill finds its workloads unchanged."""
    uuids = store.tasks.begin(TASK, cloud="c", task=_task(), environment={"python": "3.11"})
    store.workloads.begin(uuids[1])
    again = store.tasks.begin(TASK, cloud="c", task=_task(), environment={})
    row = store.tasks.get(TASK)

    assert again == uuids
    assert row is not None
    assert row.environment == {"python": "3.11"}
    assert [(workload.position, workload.status) for workload in row.workloads] == [
        (0, "init"),
        (1, "running"),
        (2, "init"),
    ]
    assert [(subtask.title, subtask.group, subtask.tags) for subtask in row.subtasks] == [
        ("one", "", ["t"]),
        ("two", "g", []),
    ]
    assert list(row.workloads[0].sla) == ["max_avg_duration", "failure_rate"]


def test_a_workload_shows_its_progress_its_end_and_its_last_judgement(store: Store) -> None:
    """Progress and judgement are replaced; SLA rows keep their order."""
    uuid = store.tasks.begin(TASK, cloud="c", task=_task(), environment={})[0]
    store.workloads.report_progress(uuid, {"done": 1})
    store.workloads.report_progress(uuid, {"done": 2, "total": 2})
    contexts = [{"name": "users", "setup_seconds": 0.5}]
    store.workloads.end(uuid, status="finished", load_seconds=1.5, full_seconds=2.0, contexts=contexts)
    store.workloads.save_judgement(
        uuid, figures=WorkloadFigures(count=1), sla=[SlaRow("old", passed=False, detail="")], passed=False
    )
    rows = [SlaRow("z", passed=True, detail="1"), SlaRow("a", passed=True, detail="2")]
    store.workloads.save_judgement(uuid, figures=WorkloadFigures(count=2), sla=rows, passed=True)
    store.tasks.end(TASK, status="finished")
    task = store.tasks.get(TASK)

    assert task is not None
    workload = task.workloads[0]
    assert workload.progress == {"done": 2, "total": 2}
    assert (workload.load_seconds, workload.full_seconds, workload.contexts_done) == (1.5, 2.0, contexts)
    assert (workload.figures, workload.passed) == (WorkloadFigures(count=2), True)
    assert [row.criterion for row in workload.sla_rows] == ["z", "a"]
    assert task.workloads[1].passed is None


def test_a_cloud_is_found_by_its_name_until_it_is_forgotten(store: Store) -> None:
    """A second registration replaces the first; an unknown name is None."""
    for root in ("/one", "/two"):
        store.clouds.register(
            "c", clouds_yaml="/y", spec="s", engine="e", root=root, deployment=None, environment={"os": "x"}
        )

    assert [row.root for row in store.clouds.all()] == ["/two"]
    found = store.clouds.get("c")
    assert found is not None
    assert found.environment == {"os": "x"}
    store.clouds.forget("c")
    assert store.clouds.get("c") is None


def test_what_the_ledger_has_already_gets_its_new_detail_in_place(store: Store) -> None:
    """The row keeps its id and order; another owner's row of the same name is separate."""
    first = store.ledger.remember_once("one", "c", "step", "a", {"undo": "old"})
    store.ledger.remember_once("one", "c", "step", "b", {})
    other = store.ledger.remember_once("other", "c", "step", "a", {})

    assert store.ledger.remember_once("one", "c", "step", "a", {"undo": "new"}) == first != other
    assert [(row.name, row.detail) for row in store.ledger.standing("c", "one")] == [("a", {"undo": "new"}), ("b", {})]


def test_the_ledger_holds_what_may_stand_and_nothing_else(store: Store) -> None:
    """A resource has a row from before its create request until it is known to be gone, with or without an id."""
    first = store.ledger.remember(TASK, "c", "nova.server", "s_1", {"project": "p"})
    second = store.ledger.remember(TASK, "c", "cinder.volume", "v_1")
    third = store.ledger.remember("other", "c", "nova.server", "s_2")
    store.ledger.remember(TASK, "elsewhere", "nova.server", "s_3")
    store.ledger.learned(first, "id-1")

    assert [(row.name, row.resource_id, row.detail) for row in store.ledger.standing("c", TASK)] == [
        ("s_1", "id-1", {"project": "p"}),
        ("v_1", None, {}),
    ]
    store.ledger.forgotten(first)
    assert [row.id for row in store.ledger.standing("c")] == [second, third]


def test_an_artifact_is_noted_once(store: Store) -> None:
    """A report that is written again to the same path is one artifact."""
    for _ in range(2):
        store.artifacts.add(TASK, "html", "/r/report.html")
    store.artifacts.add(TASK, "junit", "/r/junit.xml")

    assert [(row.kind, row.path) for row in store.artifacts.of(TASK)] == [
        ("html", "/r/report.html"),
        ("junit", "/r/junit.xml"),
    ]


def test_several_threads_may_write_at_once(store: Store) -> None:
    """No write is lost or fails because the database is busy."""
    errors: list[BaseException] = []

    def work(owner: str) -> None:
        try:
            for number in range(25):
                row = store.ledger.remember(owner, "c", "kind", str(number))
                store.ledger.learned(row, str(number))
        except BaseException as error:  # noqa: BLE001 - a thread's error must reach the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"owner-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len([row for row in store.ledger.standing("c") if row.resource_id == row.name]) == 100


def test_processes_that_open_a_fresh_database_at_once_all_succeed(url: str) -> None:
    """One process migrates, and the others wait for it."""
    code = (
        "import sys; from rallycross.results.store import Store; s = Store.open(sys.argv[1]); "
        "s.ledger.remember('o', 'c', 'kind', sys.argv[2])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, url, str(number)]) for number in range(4)]

    assert [process.wait(60) for process in processes] == [0] * 4
    assert {row.name for row in Store.open(url).ledger.standing("c")} == {"0", "1", "2", "3"}


def test_a_sqlite_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The files of a SQLite database can only be read by their owner."""
    store = Store.open(f"sqlite:///{tmp_path / 'a' / 'r.db'}")
    store.clouds.forget("x")

    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "a").iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://u:secret@h/d", ["neither", "RALLYCROSS_RESULTS_URL"]),
        ("sqlite://", ["neither"]),
        ("postgresql://u:secret@no.such.host.invalid/d", ["no.such.host", "RALLYCROSS_RESULTS_URL"]),
        ("sqlite:////dev/null/x/r.db", ["/dev/null/x/r.db", "RALLYCROSS_RESULTS_URL"]),
        ("not a url", ["RALLYCROSS_RESULTS_URL"]),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(url: str, words: list[str]) -> None:
    """The message has the place, the reason, and the setting to change."""
    with pytest.raises(RallycrossError) as caught:
        Store.open(url)

    assert "secret" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_opening_a_database_again_does_not_drop_its_locks(tmp_path: Path) -> None:
    """Opening a database a second time keeps the locks of the process's first connection."""
    url = f"sqlite:///{tmp_path / 'results.db'}"
    first = Store.open(url)
    with first.database.reading() as session:
        session.connection()
        Store.open(url).close()
        code = f"from rallycross.results.store import Store; s = Store.open({url!r}); s.clouds.forget('x'); s.close()"
        subprocess.run([sys.executable, "-c", code], check=True)

        assert (tmp_path / "results.db-wal").exists()


def test_tasks_are_found_by_cloud_and_tag_the_newest_first(store: Store) -> None:
    """Tasks are found by any cloud and tag, and never more than the limit."""
    tags = {"a": ("x", 'quo"ted'), "b": ("xy",), "c": (), "d": ("x",)}
    for name, given in tags.items():
        store.tasks.begin(name, cloud=f"cloud-{name in 'ab'}", task=Task(name, (), tags=given), environment={})

    assert [row.uuid for row in store.tasks.latest()] == ["d", "c", "b", "a"]
    assert [row.uuid for row in store.tasks.latest(tag="x")] == ["d", "a"]
    assert [row.uuid for row in store.tasks.latest(tag="x", limit=1)] == ["d"]
    assert [row.uuid for row in store.tasks.latest(tag='quo"ted')] == ["a"]
    assert [row.uuid for row in store.tasks.latest(tag="x", cloud="cloud-True")] == ["a"]
    assert store.tasks.latest(tag="") == []
