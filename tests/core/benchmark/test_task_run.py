"""A whole task against a small cloud: what is measured, stored and left behind."""

import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from judged import missed
from small_cloud import SmallCloud

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cloud.naming import scenario_prefix
from rallycross.context.cleaning import SWEEP
from rallycross.context.ledger import OwnedLedger
from rallycross.errors import InvalidInput
from rallycross.judging.judge import judge
from rallycross.judging.verdict import verdict
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store
from rallycross.task.plan import Task

UUID = "11111111-2222-3333-4444-555555555555"
BOOT = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}}
SIGN_IN: dict[str, Any] = {"Authenticate.keystone": {}}


def task_of(*scenarios: dict[str, Any], times: int = 4, concurrency: int = 2, **more: Any) -> Task:
    """Return a task of one subtask a scenario."""
    runner = {"constant": {"times": times, "concurrency": concurrency}}
    subtasks = [{"title": "s", "scenario": scenario, "runner": runner, **more} for scenario in scenarios]
    return task.load(yaml.safe_dump({"version": 2, "title": "T", "subtasks": subtasks}), known=catalogue.known())


class Bench:
    """A store, a place for samples, a way to stop, and a cloud."""

    def __init__(self, cloud: SmallCloud, store: Store, samples: Path) -> None:
        self.cloud, self.store, self.samples = cloud, store, samples
        self.stop = threading.Event()
        self.told: list[str] = []
        self.came = False  # whether the moment came at which the load was to be stopped

    def run(self, plan: Task, **options: Any) -> None:
        """Run a task as `UUID`."""
        task_run.run(
            plan,
            self.cloud.cloud(),
            self.store,
            uuid=UUID,
            samples=self.samples,
            stop=self.stop,
            tell=self.told.append,
            **options,
        )

    def stop_when(self, moment: Callable[[], bool]) -> None:
        """Stop the load at a moment, or when that does not come."""
        deadline = time.monotonic() + 60
        while not (came := moment()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.came = came
        self.stop.set()

    def workloads(self) -> list[WorkloadRow]:
        """Return the workloads as they are stored."""
        row = self.store.tasks.get(UUID)
        assert row is not None
        return row.workloads

    def measured(self, position: int = 0) -> list[dict[str, Any]]:
        """Return the samples of a workload."""
        return read_samples(self.samples / self.workloads()[position].uuid).to_pylist()

    def assert_nothing_left(self) -> None:
        """Hold the cloud and the ledger to being as they were."""
        assert [self.cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]
        assert self.store.ledger.standing("small") == []


@pytest.fixture
def bench(small_cloud: SmallCloud, sqlite_store: Store, tmp_path: Path) -> Bench:
    """Everything that a benchmark needs."""
    return Bench(small_cloud, sqlite_store, tmp_path / "samples")


def test_a_task_is_measured_kept_and_cleaned_up(bench: Bench) -> None:
    """Each iteration is in the sample files, progress and contexts in the store, and the cloud is as it was."""
    bench.cloud.ready_after = 0.2
    bench.run(task_of(BOOT, SIGN_IN, {"KeystoneBasic.create_delete_user": {}}))
    assert [workload.status for workload in bench.workloads()] == ["finished"] * 3
    samples = bench.measured()
    assert sorted(sample["iteration"] for sample in samples) == [0, 1, 2, 3]
    assert {action["name"] for sample in samples for action in sample["actions"]} == {
        "nova.boot_server",
        "nova.delete_server",
    }
    boot = bench.workloads()[0]
    assert (boot.progress["done"], boot.progress["total"], boot.progress["failed"]) == (4, 4, 0)
    assert boot.full_seconds > boot.load_seconds > 0.4
    users, cleanup = boot.contexts_done
    assert cleanup["plugin_name"] == "cleanup"
    assert (users["plugin_name"], users["setup"]["error"], users["cleanup"]["error"]) == ("users", None, None)
    rows = [row for workload in judge(bench.store, UUID, samples=bench.samples).workloads for row in workload.rows]
    assert rows
    assert missed(rows) == {}
    assert bench.store.tasks.get(UUID).status == "finished"
    bench.assert_nothing_left()


def test_the_ledger_is_written_before_a_create_is_sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a create reaches the cloud, its name is already in the ledger."""
    unknown: list[str] = []
    create = bench.cloud._new

    def look(collection: str, wanted: dict[str, Any], project: str) -> dict[str, Any]:
        if collection in {"projects", "users"}:
            known = [row.name for row in bench.store.ledger.standing("small", UUID)]
            unknown.extend([] if any(wanted["name"].startswith(name) for name in known) else [wanted["name"]])
        return create(collection, wanted, project)

    monkeypatch.setattr(bench.cloud, "_new", look)
    bench.run(task_of(SIGN_IN, {"KeystoneBasic.create_delete_user": {}}))
    assert bench.workloads()[1].status == "finished"
    assert unknown == []


def test_the_ledger_does_not_grow_with_the_load(bench: Bench, tmp_path: Path) -> None:
    """A load that creates twenty things writes one row of the ledger, as one that creates two does."""
    with closing(sqlite3.connect(tmp_path / "results.db")) as database:
        database.execute("CREATE TABLE written (kind TEXT, part TEXT)")
        new = "INSERT INTO written VALUES (NEW.kind, json_extract(NEW.detail, '$.part'))"
        database.execute(f"CREATE TRIGGER writes AFTER INSERT ON ledger BEGIN {new}; END")
    scenario = {"scenario": {"NovaKeypair.create_and_delete_keypair": {}}}
    subtasks = [{"title": "s", **scenario, "runner": {"constant": {"times": times}}} for times in (2, 20)]
    text = yaml.safe_dump({"version": 2, "title": "T", "subtasks": subtasks})
    bench.run(task.load(text, known=catalogue.known()))
    assert [len(bench.measured(position)) for position in (0, 1)] == [2, 20]
    with closing(sqlite3.connect(tmp_path / "results.db")) as database:
        written = Counter(database.execute("SELECT kind, part FROM written"))
    loads = {workload.uuid for workload in bench.workloads()}
    assert {row: count for row, count in written.items() if row[1] in loads} == {(SWEEP, uuid): 1 for uuid in loads}
    bench.assert_nothing_left()


def test_what_the_cloud_lacks_is_told_before_anything_is_made(bench: Bench) -> None:
    """An unknown image and flavor are reported together, before any load, and nothing is stored or left."""
    wrong = {"NovaServers.boot_and_delete_server": {"image": {"name": "nosuch"}, "flavor": {"name": "huge"}}}
    with pytest.raises(InvalidInput) as caught:
        bench.run(task_of(SIGN_IN, wrong))
    assert [complaint.what for complaint in caught.value.complaints] == [
        "there is no flavor 'huge' in small",
        "there is no image 'nosuch' in small",
    ]
    assert bench.store.tasks.get(UUID) is None
    bench.assert_nothing_left()


def test_failed_iterations_are_results(bench: Bench) -> None:
    """If the cloud refuses every boot, samples have request ids, the workload is finished, and the SLA is missed."""
    bench.cloud.refuse["POST compute"] = 500
    bench.run(task_of(BOOT))
    samples = bench.measured()
    assert [sample["failure"]["kind"] for sample in samples] == ["ApiError"] * 4
    assert all(sample["failure"]["request_id"].startswith("req-") for sample in samples)
    assert bench.workloads()[0].status == "finished"
    assert not judge(bench.store, UUID, samples=bench.samples).passed
    bench.assert_nothing_left()


def test_a_context_that_fails_crashes_its_workload_alone(bench: Bench) -> None:
    """A workload without its users is crashed with the reason and cleaned up, and the next one runs."""
    bench.cloud.refuse["POST identity /users"] = 403
    bench.run(task_of(SIGN_IN, {"KeystoneBasic.create_delete_user": {}}))
    first, second = bench.workloads()
    assert (first.status, second.status) == ("crashed", "finished")
    assert "users cannot be set up" in first.error
    assert "Traceback" in first.error_detail
    assert "users cannot be set up" in first.contexts_done[0]["setup"]["error"]
    assert any("Authenticate.keystone could not be measured" in line for line in bench.told)
    bench.assert_nothing_left()


def test_stopping_ends_the_load_and_cleans_up(bench: Bench) -> None:
    """After a stop, running iterations are aborted and their servers deleted."""
    bench.cloud.ready_after = 3600
    stopping = threading.Thread(target=bench.stop_when, args=(lambda: bench.cloud.count("servers") == 2,))
    stopping.start()
    bench.run(task_of(BOOT, SIGN_IN))
    stopping.join()
    assert bench.came
    assert [workload.status for workload in bench.workloads()] == ["aborted", "init"]
    assert [sample["failure"]["kind"] for sample in bench.measured()] == ["Aborted", "Aborted"]
    assert bench.store.tasks.get(UUID).status == "aborted"
    bench.assert_nothing_left()


def test_what_a_killed_load_had_asked_for_is_deleted_too(bench: Bench) -> None:
    """Servers that are still being created when the load processes are killed are deleted as well."""
    taking = 4.0
    bench.cloud.delay["POST compute /servers"] = taking
    asked = "POST compute /servers"
    stopping = threading.Thread(target=bench.stop_when, args=(lambda: bench.cloud.requests.count(asked) == 2,))
    stopping.start()
    bench.run(task_of(BOOT), drain=0)
    stopping.join()
    assert bench.came
    time.sleep(taking)  # by now the cloud has made whatever it was asked for
    assert [sample["failure"]["kind"] for sample in bench.measured()] == ["Aborted", "Aborted"]
    bench.assert_nothing_left()


def test_an_iteration_over_its_limit_leaves_nothing(bench: Bench) -> None:
    """Iterations over their limit fail, and their servers are deleted with the project."""
    bench.cloud.ready_after = 3600
    plan = task.load(
        yaml.safe_dump(
            {
                "version": 2,
                "title": "T",
                "subtasks": [{"title": "s", "scenario": BOOT, "runner": {"constant": {"timeout": 0.5, "times": 2}}}],
            }
        ),
        known=catalogue.known(),
    )
    bench.run(plan)
    assert [sample["failure"]["kind"] for sample in bench.measured()] == ["TimedOut", "TimedOut"]
    bench.assert_nothing_left()


def test_cleaning_that_fails_spoils_no_result_and_can_be_done_again(bench: Bench) -> None:
    """A failed clean-up is reported, the figures stay, and `clean` deletes the rest later."""
    bench.cloud.refuse["GET network /networks"] = 503
    bench.run(task_of(SIGN_IN))
    [workload] = bench.workloads()
    assert workload.status == "finished"
    assert "could not delete" in workload.contexts_done[0]["cleanup"]["error"]
    assert any("not everything could be cleaned up" in line for line in bench.told)
    bench.cloud.refuse.clear()
    assert task_run.clean(bench.cloud.cloud(), bench.store, uuid=UUID) == 1
    bench.assert_nothing_left()
    assert task_run.clean(bench.cloud.cloud(), bench.store, uuid=UUID) == 0


def test_what_cannot_be_deleted_fails_the_run_by_its_name(bench: Bench) -> None:
    """A user that cannot be deleted fails the run, although the workload meets its SLA."""
    bench.cloud.refuse["DELETE identity"] = 500
    bench.run(task_of(SIGN_IN))
    judge(bench.store, UUID, samples=bench.samples)
    [workload] = bench.workloads()
    rows = {row.criterion: (row.passed, row.detail) for row in workload.sla_rows}
    assert rows["failure_rate"][0]
    assert re.match(r"users: .*could not delete; .*keystone.user c_rally_\w+: DELETE .*500", rows["left_behind"][1])
    found = verdict(bench.store, task=UUID)
    assert found.word == "failed"
    assert any("left_behind: users: " in reason and "keystone.user c_rally_" in reason for reason in found.reasons)
    bench.cloud.refuse.clear()
    task_run.clean(bench.cloud.cloud(), bench.store, uuid=UUID)
    bench.assert_nothing_left()


def test_each_user_in_turn(bench: Bench) -> None:
    """With `round_robin`, iterations use the users of all tenants in turn."""
    users = {"tenants": 2, "users_per_tenant": 2, "user_choice_method": "round_robin"}
    bench.run(task_of({"NovaServers.list_servers": {}}, times=8, concurrency=1, contexts={"users": users}))
    assert bench.cloud.sent()["GET compute"] >= 8
    lists = [who for request, who in bench.cloud.by_whom if request == "GET compute /servers/detail"][:8]
    assert lists[:4] == lists[4:]
    assert len(set(lists)) == 4


def test_what_comes_to_stand_after_a_process_has_died_is_deleted_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`clean` waits for the creates of a killed process, and deletes what they made."""
    monkeypatch.setenv("RALLYCROSS_CUT_PATIENCE", "1.5")
    prefix = scenario_prefix(UUID)
    ledger = OwnedLedger(bench.store, "small", UUID)
    ledger.remember(SWEEP, prefix, kinds=["nova.servers"], places=[("p", "", True)])
    late = {"id": "late", "name": f"{prefix}1", "status": "ACTIVE", "tenant_id": "p", "made": 0.0}
    arriving = threading.Timer(0.7, bench.cloud.things.setdefault("servers", {}).update, [{"late": late}])
    arriving.start()
    assert task_run.clean(bench.cloud.cloud(), bench.store, uuid=UUID) == 1
    arriving.join()
    bench.assert_nothing_left()


_DIE = """
import sys, threading
from collections.abc import Callable
from pathlib import Path
import yaml
from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cloud.naming import scenario_prefix
from rallycross.context.cleaning import SWEEP
from rallycross.context.ledger import OwnedLedger
from rallycross.cloud.cloud import Cloud
from rallycross.results.store import Store
config, url, samples, plan = yaml.safe_load(sys.stdin.read())
task_run.run(
    task.load(plan, known=catalogue.known()), Cloud("small", config), Store.open(url),
    uuid=sys.argv[1], samples=Path(samples), stop=threading.Event(),
)
"""


def test_a_process_that_is_killed_loses_no_sample_and_leaves_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `kill -9`, running the task again cleans up and closes it; its samples are kept."""
    bench.cloud.ready_after = 0.3
    monkeypatch.setenv("RALLYCROSS_CUT_PATIENCE", "1")  # this cloud has done what it was sent within a second
    plan = task_of(BOOT, SIGN_IN, times=1000)
    given = [bench.cloud.cloud().config, f"sqlite:///{tmp_path / 'results.db'}", str(bench.samples), plan.source]
    with subprocess.Popen([sys.executable, "-c", _DIE, UUID], stdin=subprocess.PIPE, text=True) as process:
        process.stdin.write(yaml.safe_dump(given))
        process.stdin.close()
        deadline = time.monotonic() + 60
        while bench.store.tasks.get(UUID) is None or bench.workloads()[0].progress.get("done", 0) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        done = bench.workloads()[0].progress["done"]
        process.send_signal(signal.SIGKILL)
    assert bench.cloud.count("projects") == 1
    bench.run(plan)
    assert [workload.status for workload in bench.workloads()] == ["crashed", "init"]
    assert bench.store.tasks.get(UUID).status == "crashed"
    assert done - 4 <= len(bench.measured()) < 1000  # a flush is half a second at the most before what was shown
    bench.assert_nothing_left()
    judgement = judge(bench.store, UUID, samples=bench.samples)
    assert not judgement.passed
    assert "something_went_wrong" in {row.criterion for row in judgement.workloads[0].rows}


def test_a_task_that_has_ended_is_not_run_again(bench: Bench) -> None:
    """Running the same task a second time leaves its results as they are."""
    bench.run(task_of(SIGN_IN))
    sent = len(bench.cloud.requests)
    bench.run(task_of(SIGN_IN))
    assert len(bench.cloud.requests) == sent
    assert "has already run" in bench.told[-1]
    assert bench.workloads()[0].status == "finished"


def test_workloads_that_ask_for_the_same_contexts_share_them(bench: Bench) -> None:
    """Workloads with the same contexts share users, others get new ones; each has the records."""
    more = {"users": {"tenants": 2}}
    plan = task.load(
        yaml.safe_dump(
            {
                "version": 2,
                "title": "T",
                "subtasks": [
                    {"title": "a", "scenario": SIGN_IN},
                    {"title": "b", "scenario": SIGN_IN, "contexts": more},
                    {"title": "c", "scenario": {"NovaServers.list_servers": {}}},
                ],
            }
        ),
        known=catalogue.known(),
    )
    bench.run(plan)
    assert [workload.status for workload in bench.workloads()] == ["finished"] * 3
    made = [request for request in bench.cloud.requests if request == "POST identity /projects"]
    assert len(made) == 1 + 2
    first, _, last = (workload.contexts_done[0] for workload in bench.workloads())
    assert first == last
    assert first["cleanup"]["error"] is None
    bench.assert_nothing_left()


def test_contexts_that_a_scenario_changes_are_not_used_again(bench: Bench) -> None:
    """After a scenario that leaves changes in what contexts have made, the next workload gets new contexts."""
    changing: dict[str, Any] = {"CinderVolumes.modify_volume_metadata": {}}
    listing: dict[str, Any] = {"CinderVolumes.list_volumes": {}}
    bench.run(task_of(changing, changing, listing, listing, contexts={"volumes": {"size": 1}}))
    assert [workload.status for workload in bench.workloads()] == ["finished"] * 4
    assert bench.cloud.requests.count("POST identity /projects") == 3
    bench.assert_nothing_left()


def test_contexts_with_things_of_the_same_name_stand_one_after_another(bench: Bench) -> None:
    """Contexts that make a flavor and a volume type of the same names do not meet; each workload gets its own."""
    named: dict[str, Any] = {"flavors": [{"name": "made here", "ram": 64}], "volume_types": ["here"]}
    other = {**named, "flavors": [{"name": "made here", "ram": 128}]}
    boot = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "made here"}}}
    subtasks = [{"title": "s", "scenario": boot, "contexts": contexts} for contexts in (named, other, named)]
    plan = yaml.safe_dump({"version": 2, "title": "T", "subtasks": subtasks})
    bench.run(task.load(plan, known=catalogue.known()))
    assert [(workload.status, workload.error) for workload in bench.workloads()] == [("finished", "")] * 3
    made = [
        request for request in bench.cloud.requests if request in {"POST compute /flavors", "POST block-storage /types"}
    ]
    assert len(made) == 3 * 2
    bench.assert_nothing_left()


def test_what_a_workload_has_left_is_deleted_before_the_next_that_shares_its_users(bench: Bench) -> None:
    """Servers of timed-out iterations are deleted with their workload, and counted as leaked."""
    bench.cloud.ready_after = 3600
    slow = {"scenario": BOOT, "runner": {"constant": {"timeout": 0.5, "times": 2, "concurrency": 2}}}
    plan = task.load(
        yaml.safe_dump(
            {
                "version": 2,
                "title": "T",
                "subtasks": [
                    {"title": "a", **slow, "sla": {"leaked_resources": {"max": 1}}},
                    {"title": "b", "scenario": BOOT, "runner": {"constant": {"timeout": 0.5}}},
                ],
            }
        ),
        known=catalogue.known(),
    )
    counts: list[int] = []
    begin = bench.store.workloads.begin_load

    def begun(uuid: str, *, at: float) -> None:
        # The load may be at work before the parent has written down that it has begun.
        servers = bench.cloud.things.get("servers", {}).values()
        counts.append(sum(not one["name"].startswith(scenario_prefix(uuid)) for one in list(servers)))
        begin(uuid, at=at)

    bench.store.workloads.begin_load = begun
    bench.run(plan)
    assert counts == [0, 0]
    [_, cleanup] = bench.workloads()[0].contexts_done
    assert cleanup["cleanup"]["deleted"] == {"nova.servers": 2}
    judgement = judge(bench.store, UUID, samples=bench.samples)
    assert {row.criterion: row.passed for row in judgement.workloads[0].rows}["leaked_resources"] is False
    bench.assert_nothing_left()


def test_a_workload_may_name_what_its_contexts_make(bench: Bench) -> None:
    """A task may use a flavor that one of its contexts makes."""
    boot = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "made here"}}}
    contexts = {"flavors": [{"name": "made here", "ram": 64}]}
    bench.run(task_of(boot, times=1, concurrency=1, contexts=contexts))
    [workload] = bench.workloads()
    assert (workload.status, workload.error) == ("finished", "")
    [sample] = bench.measured()
    assert sample["failure"] is None
    assert list(bench.cloud.things["flavors"]) == ["f1"]


def test_a_task_may_ask_for_rallys_timing(bench: Bench) -> None:
    """With `timing: rally` a boot is first polled after a second, which is idle."""
    bench.cloud.ready_after = 0.2
    plan = task.load(
        yaml.safe_dump({"version": 2, "title": "T", "timing": "rally", "subtasks": [{"title": "s", "scenario": BOOT}]}),
        known=catalogue.known(),
    )
    bench.run(plan)
    [sample] = bench.measured()
    boot, _ = sample["actions"]
    assert boot["ended"] - boot["started"] > 1
    assert sample["idle"] > 1
    assert bench.store.tasks.get(UUID).timing == "rally"


def test_a_run_is_stored_with_what_later_runs_are_told_from(bench: Bench) -> None:
    """It has the machine, the cloud's services, and the flavor and the image that the task names, with their sizes."""
    bench.cloud.newest["compute"] = "2.103"
    bench.run(task_of(BOOT, times=1, concurrency=1))
    row = bench.store.tasks.get(UUID)
    assert row is not None
    assert row.environment["microversions"] == {"nova": "2.103"}
    assert {"rallycross", "python", "machine", "processor", "cpus", "memory"} < row.environment.keys()
    assert "compute" in row.environment["services"]
    assert row.environment["flavor"]["m1.nano"]["disabled"] is False
    assert "owner" not in row.environment["image"]["cirros"]
