"""Operators are thin: nothing happens before they run, and a stage can be stopped and reports its failure."""

import html
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout
from keystoneauth1.exceptions import Unauthorized

from hooks.results import store
from operators.announce import AnnounceOperator
from operators.benchmark import BenchmarkOperator, CleanOperator
from operators.check import CheckOperator
from operators.compare_clouds import CompareCloudsOperator
from operators.confirm import ConfirmOperator
from operators.deploy import DeployOperator
from operators.destroy import DestroyOperator
from operators.detect import DetectChangesOperator
from operators.janitor import JanitorOperator, ListCloudsOperator
from operators.judge import JudgeOperator
from operators.prune import PruneOperator
from operators.report import ReportOperator
from operators.retries import NotRetryable
from operators.stage import PROBLEM, StoppableOperator, own_reference, reports_failure
from operators.verdict import INVALID, REASONS, RunFailed, VerdictOperator
from operators.verify import VerifyOperator
from rallycross.errors import Complaint, InvalidInput, RallycrossError
from rallycross.results.endings import WORDLESS
from rallycross.results.sla_row import SlaRow
from rallycross.results.stop_note import POSSIBLE_CAUSE, write_note
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.task.plan import Subtask, Task, Workload

JINJA = "{{ params.something }}"
OPERATORS: list[tuple[type[BaseOperator], dict[str, Any]]] = [
    (DeployOperator, {"cloud_spec": JINJA}),
    (
        VerifyOperator,
        dict.fromkeys(
            (
                "cloud",
                "tests",
                "pattern",
                "load_list",
                "skip_list",
                "expected_failures",
                "concurrency",
                "options",
                "verifier",
                "package",
                "plugins",
                "test_package",
                "accounts",
            ),
            JINJA,
        ),
    ),
    (
        BenchmarkOperator,
        {
            "cloud": JINJA,
            "task_file": JINJA,
            "task_args": JINJA,
            "timing": JINJA,
            "abort_on_sla_failure": JINJA,
            "tags": JINJA,
        },
    ),
    (CheckOperator, {"cloud_spec": JINJA, "task_file": JINJA, "task_args": JINJA}),
    (JudgeOperator, {}),
    (DetectChangesOperator, {}),
    (CleanOperator, {"cloud": JINJA}),
    (ListCloudsOperator, {"clouds": JINJA}),
    (JanitorOperator, dict.fromkeys(("cloud", "delete", "older_than", "names"), JINJA)),
    (ReportOperator, {"tests": JINJA}),
    (DestroyOperator, {"cloud_spec": JINJA, "keep": JINJA}),
    (VerdictOperator, {"stages": ["deploy"], "tests": JINJA}),
    (AnnounceOperator, {"asset": Asset("a"), "clouds": JINJA}),
    (ConfirmOperator, {"wanted": JINJA, "cloud": JINJA, "number": JINJA, "limit": 1}),
    (CompareCloudsOperator, {"clouds": ["c"], "tag": "t"}),
    (
        PruneOperator,
        dict.fromkeys(("older_than", "keep_tagged", "keep_last", "samples_only", "cloud", "delete"), JINJA),
    ),
]


class Messages:
    """The XComs of a task instance, and the states of other tasks."""

    dag_id = "a_dag"
    run_id = "a_run"
    stats_tags: ClassVar[dict[str, str]] = {}  # what Airflow counts by

    def __init__(self, **states: str) -> None:
        self.pushed: dict[str, Any] = {}
        self.states = states

    def xcom_push(self, *, key: str, value: Any) -> None:
        """Store a value."""
        self.pushed[key] = value

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        """Return what a task has said; only the one that has failed by itself has said anything."""
        return f"{task_ids} has no quota" if (task_ids, key) == ("benchmark", PROBLEM) else None

    def get_task_states(self, *, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, dict[str, str]]:
        """Return the states that the test has set."""
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        return {self.run_id: {task: self.states[task] for task in task_ids if task in self.states}}


class Dag:
    """The part of a DAG that a context has."""

    dag_id = Messages.dag_id


def context(**states: str) -> Any:
    """Return the context of a run."""
    return {"dag": Dag, "run_id": Messages.run_id, "ti": Messages(**states)}


@pytest.mark.parametrize(("operator", "arguments"), OPERATORS)
def test_making_one_only_keeps_its_arguments(operator: type[BaseOperator], arguments: dict[str, Any]) -> None:
    """At parse time arguments are templates: they are stored, and neither read nor checked."""
    made = operator(task_id="t", **arguments)

    assert {name: getattr(made, name) for name in arguments} == arguments


@pytest.mark.parametrize(("operator", "arguments"), OPERATORS)
def test_what_a_template_fills_in_is_declared(operator: type[BaseOperator], arguments: dict[str, Any]) -> None:
    """Each argument that may be a template is a template field, and no path is taken for a template file."""
    assert {name for name, value in arguments.items() if value == JINJA} == set(operator.template_fields)
    assert [ending for ending in operator.template_ext if ending in {".yaml", ".yml", ".json"}] == []


def test_references_are_those_of_the_run() -> None:
    """The same run and stage have the same reference, another stage has another one."""
    assert own_reference(context(), "deploy") == own_reference(context(), "deploy")
    assert own_reference(context(), "deploy") != own_reference(context(), "verify")


def test_a_failure_is_kept_for_the_verdict() -> None:
    """An error that a user can act on is pushed as XCom before it is raised."""
    seen = context()

    @reports_failure
    def execute(_: BaseOperator, __: Any) -> None:
        raise RallycrossError("no room - make some")

    with pytest.raises(RallycrossError):
        execute(None, seen)
    assert seen["ti"].pushed == {PROBLEM: "no room - make some"}


def test_of_what_a_user_did_there_is_no_traceback() -> None:
    """An error that a user can act on is a `SystemExit` too, which Airflow logs in one line."""
    complaint = Complaint("task.yaml", 3, 1, "sla", "unknown key")

    @reports_failure
    def execute(_: BaseOperator, __: Any) -> None:
        raise InvalidInput([complaint])

    with pytest.raises(InvalidInput) as caught:
        execute(None, context())
    assert isinstance(caught.value, SystemExit)
    assert caught.value.code == 1
    assert caught.value.complaints == [complaint]
    assert str(caught.value) == str(complaint)
    assert caught.value.__suppress_context__


def test_what_a_cloud_answers_is_a_reason_too() -> None:
    """A rejected password is reported in a sentence; an error of Rallycross is raised unchanged."""

    @reports_failure
    def execute(_: BaseOperator, error: Any) -> None:
        raise error["error"]

    seen = {**context(), "error": Unauthorized("The request you have made requires authentication.")}
    with pytest.raises(RallycrossError, match="requires authentication"):
        execute(None, seen)
    with pytest.raises(KeyError):
        execute(None, {**context(), "error": KeyError("ours")})


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"tsk_file": "x"}, "did you mean task_file"),
        ({"Cloud": "x", "cloud": "y"}, "'Cloud'"),
        ({"task_file": "x", "": 1, "zzzz": None}, "'zzzz'"),
    ],
)
def test_a_key_that_a_dag_does_not_ask_for_is_refused(conf: dict[str, Any], said: str) -> None:
    """A stage of a run with an unknown parameter does not begin, and suggests the right one."""
    begun = []

    @reports_failure
    def execute(_: BaseOperator, __: Any) -> None:
        begun.append(True)

    dag = SimpleNamespace(dag_id="a_dag", params={"cloud": "", "task_file": ""})
    with pytest.raises(NotRetryable, match=said):
        execute(None, {**context(), "dag": dag, "dag_run": SimpleNamespace(conf=conf)})
    execute(None, {**context(), "dag": dag, "dag_run": SimpleNamespace(conf={"cloud": "x"})})
    assert begun == [True]


@pytest.mark.parametrize(
    "dag_id",
    ["benchmark", "cloud_lifecycle", "deploy_cloud", "destroy_cloud", "janitor", "prune_results", "verify_cloud"],
)
def test_each_dag_fails_with_a_reason_and_no_traceback(
    dag_id: str, dag_bag: Any, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run with an unknown parameter only fails, with the reason in log and report."""
    run = dag_bag.dags[dag_id].test(run_conf={"clud": "x"})

    said = capfd.readouterr()
    assert run.state == "failed"
    assert "unknown parameter 'clud'" in said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert max(stage.try_number for stage in run.get_task_instances()) == 1
    assert not store().clouds.all()
    for page in home.glob("reports/*/report.html"):
        assert "unknown parameter &#39;clud&#39;" in page.read_text()


def test_a_secret_in_an_argument_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Airflow's view of arguments nor its logs have a password from a form."""
    masked: list[str] = []
    monkeypatch.setattr("operators.stage.mask_secret", masked.append)
    spec = "name: c\nengine: existing\nauth: {auth_url: http://x, password: hunter2-a}\n"
    given = {
        VerifyOperator(task_id="v", cloud="c", options="identity.admin_password=hunter2-b"): "hunter2-b",
        DeployOperator(task_id="d", cloud_spec=spec): "hunter2-a",
        BenchmarkOperator(task_id="b", cloud="c", task_file="x", task_args='{"password": "hunter2-c"}'): "hunter2-c",
    }

    for operator, secret in given.items():
        operator.render_template_fields({"params": {}})
        assert set(masked) == {secret}
        masked.clear()


def test_a_verification_that_cannot_begin_ends_as_crashed(home: Any) -> None:  # noqa: ARG001 - the state of this test
    """A verification that cannot begin is stored with the reason."""
    operator = VerifyOperator(task_id="verify", cloud="nowhere", tests="quick")

    with pytest.raises(NotRetryable, match="nowhere"):  # another try would not find it either
        operator.execute(context())

    row = store().verifications.get(own_reference(context(), "verify"))
    assert row is not None
    assert (row.status, "nowhere" in row.error) == ("crashed", True)


def test_a_secret_option_of_a_verification_is_not_in_the_results(home: Any) -> None:
    """A secret option is not in the results database."""
    options = "identity.admin_password=hunter2\ncompute.image_ref=x"
    with pytest.raises(NotRetryable, match="nowhere"):
        VerifyOperator(task_id="verify", cloud="nowhere", tests="quick", options=options).execute(context())

    row = store().verifications.get(own_reference(context(), "verify"))
    assert row is not None
    assert row.request["options"] == {"identity.admin_password": "***", "compute.image_ref": "x"}
    [secrets] = (home / "verifiers" / "secrets").iterdir()
    assert "hunter2" in secrets.read_text()


def test_what_is_wrong_with_a_runs_files_is_said_before_a_cloud_is_made(home: Path) -> None:
    """All complaints about both files are reported at once with their places; correct files pass."""
    spec, load = home / "cloud.yaml", home / "task.yaml"
    spec.write_text("name: one\nengine: embeded\n")
    load.write_text("version: 2\ntitle: T\nsubtasks:\n- {title: s, scenario: {Dummy.dumy: {}}}\n")
    wrong = CheckOperator(task_id="check", cloud_spec=str(spec), task_file=str(load))
    with pytest.raises(InvalidInput) as caught:
        wrong.execute(seen := context())
    assert [one.file for one in caught.value.complaints] == [str(spec), str(load)]
    assert seen["ti"].pushed[PROBLEM] == str(caught.value)

    right = ("include/clouds/embedded.yaml", "include/recipes/quickstart.yaml")
    CheckOperator(task_id="check", cloud_spec=right[0], task_file=right[1]).execute(context())


def test_a_cloud_spec_that_is_wrong_is_said_at_once(home: Any) -> None:
    """An unreadable spec fails the stage before anything is created."""
    with pytest.raises(RallycrossError, match=r"no/such\.yaml: is not a file that a form may name"):
        DeployOperator(task_id="deploy", cloud_spec="no/such.yaml").execute(context())

    assert not (home / "clouds").exists()


def test_what_was_not_asked_for_is_skipped(home: Any) -> None:  # noqa: ARG001 - the state of this test
    """No verification, a kept cloud, nothing to clean and nothing to judge are skipped, not passed."""
    for operator in (
        VerifyOperator(task_id="verify", cloud="c", tests="none"),
        DestroyOperator(task_id="destroy", cloud_spec="x", keep="True"),
        DestroyOperator(task_id="destroy_too", cloud_spec="x", keep=True),
        DestroyOperator(task_id="destroy_neither", cloud_spec="x", keep="true"),
        CleanOperator(task_id="clean", cloud=""),
        CleanOperator(task_id="clean_too", cloud="c"),
        JudgeOperator(task_id="judge"),
    ):
        with pytest.raises(AirflowSkipException):
            operator.execute(context())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"delete": "perhaps"}, "delete: 'perhaps' is not a boolean"),
        ({"older_than": "nan"}, "older_than: 'nan' is not a number from 0"),
        ({"older_than": "-1"}, "older_than: '-1' is not a number from 0"),
        ({"names": "s_rally_,mine-"}, "names: 'mine-' is not one of s_rally_, c_rally_"),
    ],
)
def test_a_janitor_does_not_look_by_arguments_that_make_no_sense(given: dict[str, str], said: str) -> None:
    """A wrong argument is an error that names it, before any cloud is asked."""
    with pytest.raises(RallycrossError, match=said):
        JanitorOperator(task_id="janitor", cloud="nowhere", **given).execute(context())


@pytest.mark.parametrize("keep", ["yes", "", "None"])
def test_a_cloud_is_not_destroyed_on_a_word_that_says_neither(keep: str) -> None:
    """A value that is neither true nor false is an error, and does not destroy the cloud."""
    with pytest.raises(RallycrossError, match=f"keep: '{keep}' is not a boolean"):
        DestroyOperator(task_id="destroy", cloud_spec="no/such.yaml", keep=keep).execute(context())


def test_the_verdict_names_what_failed(home: Any) -> None:  # noqa: ARG001 - the state of this test
    """A failed stage and a missing result are reasons, in the log and as XCom."""
    seen = context(deploy="success", benchmark="failed", judge="skipped")

    with pytest.raises(RunFailed, match="did not pass"):
        VerdictOperator(task_id="verdict", stages=["deploy", "benchmark", "judge"], tests="none").execute(seen)

    reasons = seen["ti"].pushed[REASONS]
    assert reasons[0] == "The stage benchmark failed: benchmark has no quota."
    assert "The benchmark never began." in reasons


class Wordless(Messages):
    """The same for a run whose stages have given no reason."""

    log_url = "http://here/dags/a_dag/runs/a_run/tasks/t"

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        """Return what they have said."""
        del task_ids, key


@pytest.mark.parametrize("seen_before", [False, True])
@pytest.mark.parametrize("kept", ["", "worker lost: its process 7 is gone"])
def test_a_stage_that_airflow_failed_after_its_load_has_its_reason(home: Path, kept: str, *, seen_before: bool) -> None:
    """The stored reason of the load, or else "process killed", is the same wherever it is shown."""
    seen = context(benchmark="failed")
    seen["ti"] = Wordless(benchmark="failed", judge="success")
    task = Task("t", (Subtask("s", (Workload(0, "A.b", {}, "serial", {}, {}, {}),)),))
    own = own_reference(seen, "benchmark")
    uuid = store().tasks.begin(own, cloud="c", task=task, environment={})[0]
    store().workloads.begin(uuid)
    store().workloads.end(uuid, status="finished")
    store().tasks.end(own, status="finished")
    noted = "worker lost: the disk of Airflow's home was full"
    if seen_before:
        write_note(noted, POSSIBLE_CAUSE)
    if kept:
        store().tasks.stop(own, kept)  # as the watch of the worker does
    JudgeOperator(task_id="judge").execute(seen)
    with pytest.raises(RunFailed) as raised:
        VerdictOperator(task_id="verdict", stages=["benchmark"], parts=["benchmark"]).execute(seen)
    files = ReportOperator(task_id="report", stages=["benchmark"], parts=["benchmark"]).execute(seen)

    row = store().tasks.get(own)
    assert row is not None
    why = f"The stage benchmark failed: {row.stop_reason.rstrip('.')}."
    assert row.stop_reason == (kept or (noted if seen_before else WORDLESS))
    assert str(raised.value).count(why) == 1
    assert why in seen["ti"].pushed[REASONS]
    assert all(row.stop_reason in html.unescape(Path(path).read_text()) for path in files.values()), home


def test_an_error_that_a_stage_does_not_know_is_told_by_class_and_message() -> None:
    """Airflow's log has the traceback; verdict and report have class and message, without secrets."""
    seen = context()

    def fails(_operator: BaseOperator, _context: Any) -> None:
        raise ValueError("no luck at http://u:Canary-5Tr@host/")

    with pytest.raises(ValueError, match="no luck"):
        reports_failure(fails)(JudgeOperator(task_id="judge"), seen)
    assert seen["ti"].pushed[PROBLEM] == "broke off: ValueError: no luck at http://u:***@host/; see its log"


def test_a_stage_that_took_too_long_says_so() -> None:
    """The time-out of a stage, which is an exception of Airflow, is a reason."""
    seen = context()

    def lasts(_operator: BaseOperator, _context: Any) -> None:
        raise AirflowTaskTimeout

    with pytest.raises(AirflowTaskTimeout):
        reports_failure(lasts)(JudgeOperator(task_id="judge"), seen)
    assert seen["ti"].pushed[PROBLEM] == "timed out: the task took longer than its execution_timeout"


@pytest.mark.parametrize(("benchmark", "invalid"), [("success", True), ("failed", False)])
def test_the_verdict_tells_an_invalid_load_from_a_failure(
    benchmark: str,
    invalid: bool,
    home: Any,  # noqa: ARG001 - the state of this test
) -> None:
    """An untrustworthy load makes the run INVALID, unless a stage has failed too."""
    seen = context(deploy="success", benchmark=benchmark)
    task = Task("t", (Subtask("s", (Workload(0, "A.b", {}, "serial", {}, {}, {}),)),))
    store().deployments.begin(own_reference(seen, "deploy"), cloud="c", engine="e", spec="", total_steps=0)
    store().deployments.end(own_reference(seen, "deploy"), status="finished")
    uuid = store().tasks.begin(own_reference(seen, "benchmark"), cloud="c", task=task, environment={})[0]
    row = SlaRow("invalid_load", passed=False, detail="the generator was the bottleneck")
    store().workloads.end(uuid, status="finished")
    store().workloads.save_judgement(uuid, figures=WorkloadFigures(), sla=[row], passed=False)

    with pytest.raises(RunFailed, match="is INVALID" if invalid else "did not pass"):
        VerdictOperator(task_id="verdict", stages=["deploy", "benchmark"], tests="none").execute(seen)

    assert seen["ti"].pushed[INVALID] is invalid


def test_a_load_that_is_ending_is_judged_when_it_has(home: Any) -> None:  # noqa: ARG001 - the state of this test
    """The judge of a run that is marked failed waits for the load, and names why it was stopped."""
    seen = context()
    task = Task("t", (Subtask("s", (Workload(0, "A.b", {}, "serial", {}, {}, {}),)),))
    own = own_reference(seen, "benchmark")
    uuid = store().tasks.begin(own, cloud="c", task=task, environment={})[0]
    store().workloads.begin(uuid)
    store().workloads.begin_load(uuid, at=time.time())

    def stop() -> None:
        store().tasks.stop(own, "stopped by user: here")
        store().workloads.end(uuid, status="aborted", error="stopped by user: here")
        store().tasks.end(own, status="aborted")

    stopping = threading.Timer(1.0, stop)
    stopping.start()
    judged = JudgeOperator(task_id="judge").execute(seen)
    stopping.join()

    judged_task = store().tasks.get(own)
    assert judged_task is not None
    (row,) = judged_task.workloads
    assert (row.status, row.error, judged) == ("aborted", "stopped by user: here", {"passed": False})
    assert [one.criterion for one in row.sla_rows] == ["aborted_manually"]


def test_killing_sets_the_event() -> None:
    """Airflow's on_kill sets the event that the core polls."""
    operator = StoppableOperator(task_id="t")
    assert not operator.stop.is_set()

    operator.on_kill()

    assert operator.stop.is_set()


WATCHING = """
import os, sys, time
from operators.stage import StoppableOperator
child = os.fork()
if child == 0:
    operator = StoppableOperator(task_id="t")
    operator.watch_worker()
    print("watching", flush=True)
    operator.stop.wait(60)
    print("stopped" if operator.stop.is_set() else "still there", flush=True)
    os._exit(0)
time.sleep(60)
"""


def test_a_stage_whose_worker_dies_stops() -> None:
    """If the worker of a stage is killed, its stop event is set within seconds."""
    worker = subprocess.Popen([sys.executable, "-c", WATCHING], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert worker.stdout is not None
    with worker.stdout as out:
        assert out.readline() == "watching\n"
        time.sleep(0.2)
        worker.kill()
        worker.wait(timeout=10)

        assert out.readline() == "stopped\n"


@pytest.mark.parametrize("orphaned", [True, False])
def test_a_log_that_breaks_with_its_worker_ends_no_tests(orphaned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the worker is dead, a logging error does not end the tests; any other error does."""

    def broken(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    ended: list[str] = []
    operator = VerifyOperator(task_id="verify", cloud="c")
    monkeypatch.setattr("rallycross.verification_jobs.follow.follow", broken)
    monkeypatch.setattr(operator, "_end", ended.append)
    monkeypatch.setattr(operator, "_worker", -1 if orphaned else os.getppid())

    with pytest.raises(BrokenPipeError):
        operator.poll_until_complete("uuid", {})

    assert ended == ([] if orphaned else ["uuid"])
