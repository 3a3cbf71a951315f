"""Judging a task and a whole run, from what the store and the sample files hold."""

from pathlib import Path
from typing import Literal

import pytest

from rallycross.errors import RallycrossError
from rallycross.judging.judge import judge
from rallycross.judging.verdict import verdict
from rallycross.load.sample import Failure, Sample
from rallycross.results.models import WorkloadRow
from rallycross.results.reference import reference
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.verification.test import Status, TestResult

DEPLOYMENT, VERIFICATION, TASK = (reference("d", "r", stage) for stage in ("deploy", "verify", "benchmark"))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'results.db'}")


def _begin(store: Store, workloads: int = 1) -> dict[int, str]:
    made = tuple(
        Workload(position, "A.b", {}, "constant", {}, {}, {"failure_rate": {"max": 0}}) for position in range(workloads)
    )
    return store.tasks.begin(TASK, cloud="c", task=Task("t", (Subtask("s", made),)), environment={})


def _measure(folder: Path, *, well: int = 2, failed: int = 0, close: bool = True) -> None:
    writer = SampleWriter(folder / "0.arrows")
    for number in range(well + failed):
        failure = Failure("E", "e") if number < failed else None
        writer.add(Sample(number, 0, None, 0.0, 1.0, failure=failure))
    writer.flush()
    if close:
        writer.close()


def _workload(store: Store) -> WorkloadRow:
    task = store.tasks.get(TASK)
    assert task is not None
    return task.workloads[0]


def test_a_workload_that_met_its_sla_passes(store: Store, tmp_path: Path) -> None:
    """Figures and rows of a passed workload are stored."""
    uuid = _begin(store)[0]
    store.workloads.begin(uuid)
    _measure(tmp_path / uuid)
    store.workloads.end(uuid, status="finished", load_seconds=1.0, full_seconds=2.0)
    store.tasks.end(TASK, status="finished")
    judgement = judge(store, TASK, samples=tmp_path)
    row = _workload(store)

    assert judgement.passed
    assert [row.criterion for row in judgement.workloads[0].rows] == ["failure_rate"]
    assert row.passed is True
    assert row.figures is not None
    assert row.figures.count == 2
    assert verdict(store, task=TASK).passed


def test_a_missed_criterion_fails_the_workload_and_gives_the_reason(store: Store, tmp_path: Path) -> None:
    """The reason names the workload, the criterion and the figures."""
    uuid = _begin(store)[0]
    store.workloads.begin(uuid)
    _measure(tmp_path / uuid, well=3, failed=1)
    store.workloads.end(uuid, status="finished")
    store.tasks.end(TASK, status="finished")
    judge(store, TASK, samples=tmp_path)
    found = verdict(store, task=TASK)

    assert not found.passed
    assert found.reasons == [
        "Workload 1, A.b, did not pass: failure_rate: 1 of 4 iterations failed: 25.00 %, wanted at most 0 %."
    ]
    assert [(row.criterion, row.passed) for row in found.rows] == [("failure_rate", False)]


@pytest.mark.parametrize(
    ("status", "error", "row", "detail"),
    [
        ("crashed", "users: no quota", "something_went_wrong", "users: no quota"),
        ("aborted", "", "aborted_manually", "stopped by user"),
        ("aborted_on_sla", "", "aborted_on_sla", "criterion was missed"),
    ],
)
def test_a_load_that_did_not_come_to_its_end_fails_though_its_criteria_are_met(
    *,
    status: Literal["crashed", "aborted", "aborted_on_sla"],
    error: str,
    row: str,
    detail: str,
    store: Store,
    tmp_path: Path,
) -> None:
    """A further row says why."""
    uuid = _begin(store)[0]
    store.workloads.begin(uuid)
    _measure(tmp_path / uuid)
    store.workloads.end(uuid, status=status, error=error)
    rows = judge(store, TASK, samples=tmp_path).workloads[0].rows

    assert [(one.criterion, one.passed) for one in rows] == [("failure_rate", True), (row, False)]
    assert detail in rows[1].detail


def test_a_workload_whose_process_died_is_closed_with_what_it_had_measured(store: Store, tmp_path: Path) -> None:
    """Its figures are of the samples on disk; later workloads never began; the task is crashed."""
    uuids = _begin(store, workloads=2)
    store.workloads.begin(uuids[0])
    _measure(tmp_path / uuids[0], well=5, close=False)
    first, second = judge(store, TASK, samples=tmp_path).workloads
    task = store.tasks.get(TASK)

    assert task is not None
    assert task.status == "crashed"
    assert (task.workloads[0].status, task.workloads[0].load_seconds) == ("crashed", 1.0)
    assert task.workloads[0].figures is not None
    assert task.workloads[0].figures.count == 5
    assert [row.criterion for row in first.rows] == ["failure_rate", "something_went_wrong"]
    assert first.rows[1].detail.startswith("process killed: the one that ran the task is gone")
    assert "never began" in second.rows[1].detail
    assert not first.passed
    assert not second.passed


def test_a_load_that_measured_nothing_has_not_passed(store: Store, tmp_path: Path) -> None:
    """A load without iterations fails, although it has no failures."""
    uuid = _begin(store)[0]
    store.workloads.begin(uuid)
    store.workloads.end(uuid, status="finished")
    judgement = judge(store, TASK, samples=tmp_path)

    assert not judgement.passed
    assert judgement.workloads[0].rows[-1].detail == "no iteration was measured"


def test_judging_twice_is_judging_once(store: Store, tmp_path: Path) -> None:
    """Judging again gives and stores the same."""
    uuid = _begin(store)[0]
    store.workloads.begin(uuid)
    _measure(tmp_path / uuid, close=False)
    first = judge(store, TASK, samples=tmp_path)

    assert judge(store, TASK, samples=tmp_path) == first
    assert len(_workload(store).sla_rows) == 2


def test_a_task_that_never_began_cannot_be_judged(store: Store) -> None:
    """The error names the task."""
    with pytest.raises(RallycrossError, match=TASK):
        judge(store, TASK)


def _verify(store: Store, *statuses: Status, end: Literal["finished", "crashed"] | None = "finished") -> None:
    store.verifications.begin(VERIFICATION, cloud="c", chosen="quick", total=len(statuses), environment={})
    for number, status in enumerate(statuses):
        store.tests.record(VERIFICATION, TestResult(f"t.{number}", status, 0.0, 1.0))
    if end:
        store.verifications.end(
            VERIFICATION, status=end, error="tempest: no such file\nmore" if end == "crashed" else ""
        )


@pytest.mark.parametrize(
    ("statuses", "end", "reason"),
    [
        (("success", "skip", "xfail"), "finished", None),
        (("success", "fail"), "finished", "1 of 2 verification tests failed: t.1."),
        (("success", "uxsuccess"), "finished", "1 of 2 verification tests failed: t.1."),
        (("fail",) * 5, "finished", "5 of 5 verification tests failed: t.0, t.1, t.2 and 2 more."),
        (("skip", "skip"), "finished", "The verification proved nothing: none of its 2 tests passed."),
        ((), "finished", "The verification proved nothing: none of its 0 tests passed."),
        (("success",), "crashed", "The verification failed: tempest: no such file."),
        (("success",), None, "The verification did not finish: 1 of 1 tests ended."),
    ],
)
def test_a_verification_passes_when_something_was_passed_and_nothing_failed(
    statuses: tuple[Status, ...], end: Literal["finished", "crashed"] | None, reason: str | None, store: Store
) -> None:
    """Otherwise the verdict has the reason."""
    _verify(store, *statuses, end=end)
    found = verdict(store, verification=VERIFICATION)

    assert found.reasons == ([reason] if reason else [])
    assert found.passed is (reason is None)


def test_a_deployment_that_did_not_finish_fails_the_run(store: Store) -> None:
    """The verdict has a reason for one that never began, is still running, or failed."""
    reasons = [verdict(store, deployment=DEPLOYMENT).reasons]
    store.deployments.begin(DEPLOYMENT, cloud="c", engine="e", spec="", total_steps=1)
    reasons.append(verdict(store, deployment=DEPLOYMENT).reasons)
    store.deployments.end(DEPLOYMENT, status="failed", error="\nmariadb: no space left.\nmore")
    reasons.append(verdict(store, deployment=DEPLOYMENT).reasons)
    store.deployments.end(DEPLOYMENT, status="finished")

    assert reasons == [
        ["The deployment never began."],
        ["The deployment of c did not finish."],
        ["The deployment of c failed: mariadb: no space left."],
    ]
    assert verdict(store, deployment=DEPLOYMENT).passed


def test_a_run_that_did_nothing_has_not_passed(store: Store) -> None:
    """A run whose benchmark never began or was not judged has not passed."""
    assert verdict(store).reasons == ["Nothing was deployed, verified or benchmarked."]
    assert verdict(store, task=TASK).reasons == ["The benchmark never began."]

    _begin(store)

    assert verdict(store, task=TASK).reasons == ["Workload 1, A.b, was not judged."]
