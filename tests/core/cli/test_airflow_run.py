"""The state and the progress of a run's stages."""

import time
from pathlib import Path
from typing import Any

import pytest

from rallycross.cli.airflow_run import RunView, StageView, deployment_details, task_details, verification_details
from rallycross.deployment.step import StepEvent
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

UUID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path}/results.db")


def begin_task(store: Store, *scenarios: str) -> dict[int, str]:
    """Begin a task of workloads of these scenarios; return their uuids by position."""
    workloads = tuple(
        Workload(position=position, scenario=name, args={}, runner="serial", runner_args={}, contexts={}, sla={})
        for position, name in enumerate(scenarios)
    )
    task = Task(title="t", subtasks=(Subtask("s", workloads),))
    return store.tasks.begin(UUID, cloud="c", task=task, environment={})


def task_lines(store: Store) -> tuple[str, ...]:
    """Return the task's lines of progress."""
    row = store.tasks.get(UUID)
    assert row is not None
    return task_details(row)


def test_names_the_steps_that_run(store: Store) -> None:
    """A deployment shows how many steps are done, and which have been running for how long."""
    store.deployments.begin(UUID, cloud="c", engine="e", spec="", total_steps=3)
    store.deployments.record_step(UUID, StepEvent("a", "Fetch", "skipped", at=100.0))
    store.deployments.record_step(UUID, StepEvent("b", "Install", "done", at=101.0, seconds=1.0))
    store.deployments.record_step(UUID, StepEvent("c", "Start services", "running", at=102.0))
    row = store.deployments.get(UUID)
    assert row is not None

    assert deployment_details(row, now=107.0) == ("2/3 steps, 1 skipped", "Start services  5.00 s")


def test_says_which_step_failed_and_why(store: Store) -> None:
    """The first line of a failed step's error is shown; steps that were running with it are not."""
    store.deployments.begin(UUID, cloud="c", engine="e", spec="", total_steps=2)
    store.deployments.record_step(UUID, StepEvent("a", "Start", "failed", at=1.0, error="\nport 5000 is taken\nmore"))
    store.deployments.end(UUID, status="failed", error="port 5000 is taken")
    row = store.deployments.get(UUID)
    assert row is not None

    assert deployment_details(row, now=5.0) == ("0/2 steps", "FAILED Start: port 5000 is taken")


def test_counts_tests(store: Store) -> None:
    """A verification shows how many tests are done, failed and skipped."""
    store.verifications.begin(UUID, cloud="c", chosen="quick", total=5, environment={})
    row = store.verifications.get(UUID)
    assert row is not None

    assert verification_details(row, ["success", "fail", "uxsuccess", "skip"]) == ("4/5 tests, 2 failed, 1 skipped",)


def test_a_verification_prepares_before_it_knows_its_tests(store: Store) -> None:
    """Until the tests are known there is no count."""
    store.verifications.begin(UUID, cloud="c", chosen="quick", total=0, environment={})
    row = store.verifications.get(UUID)
    assert row is not None

    assert verification_details(row, []) == ("preparing",)


def test_tells_how_far_the_load_is(store: Store) -> None:
    """A running workload shows iterations, rate, percentiles, errors and remaining time, with units."""
    workloads = begin_task(store, "Nova.boot", "Nova.list")
    store.workloads.begin(workloads[0])
    progress: dict[str, Any] = {"done": 12, "total": 50, "failed": 1, "rate": 2.345, "p50": 0.5, "p95": 1.25}
    store.workloads.report_progress(workloads[0], {**progress, "elapsed": 6.0, "remaining": 75.4})

    assert task_lines(store) == ("1/2 Nova.boot  12/50  2.3/s  p50 500 ms p95 1.25 s  1 failed  1 min 15 s left",)


def test_a_load_without_an_end_has_no_total(store: Store) -> None:
    """A load of fixed duration shows only how many iterations are done."""
    workloads = begin_task(store, "Nova.boot")
    store.workloads.begin(workloads[0])
    assert task_lines(store) == ("1/1 Nova.boot  preparing",)
    store.workloads.report_progress(workloads[0], {"done": 0, "total": None, "failed": 0, "rate": None, "p50": None})

    assert task_lines(store) == ("1/1 Nova.boot  0  0 failed",)


def test_says_why_a_workload_broke(store: Store) -> None:
    """A workload that did not finish has its state and the first line of its error."""
    workloads = begin_task(store, "Nova.boot")
    store.workloads.begin(workloads[0])
    store.workloads.end(workloads[0], status="crashed", error="no image\ntrace", load_seconds=None, full_seconds=None)

    assert task_lines(store) == ("1/1 Nova.boot  broke off: no image",)


@pytest.mark.parametrize(
    ("state", "ended"), [("queued", False), ("running", False), ("success", True), ("failed", True)]
)
def test_a_run_has_ended_when_it_passed_or_failed(state: str, *, ended: bool) -> None:
    """A queued or running run has not ended."""
    assert RunView(state, (StageView("deploy", "", None),)).ended == ended


def test_the_clock_is_an_argument(store: Store) -> None:
    """The time of a running step depends on the time passed in, not on the wall clock."""
    store.deployments.begin(UUID, cloud="c", engine="e", spec="", total_steps=1)
    store.deployments.record_step(UUID, StepEvent("a", "Start", "running", at=time.time() + 1000))
    row = store.deployments.get(UUID)
    assert row is not None

    assert deployment_details(row, now=row.steps[0].started_at + 61)[1] == "Start  1 min 01 s"
