"""The log lines about a load: the progress of each workload, and its end."""

from rallycross.benchmark.progress_log import ProgressLog
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow


def workload(position: int, **about: object) -> WorkloadRow:
    """Return a workload as it is stored."""
    return WorkloadRow(**{"uuid": str(position), "position": position, "scenario": "A.b", "error": "", **about})


def a_task(*workloads: WorkloadRow) -> TaskRow:
    """Return a task of these workloads, as it is stored."""
    return TaskRow(subtasks=[SubtaskRow(workloads=list(workloads))])


def test_a_workload_that_runs_tells_how_far_it_is() -> None:
    """A line has number, name, iterations, failures, rate, percentiles and remaining time."""
    progress = {
        "done": 40,
        "total": 100,
        "failed": 2,
        "dropped": 0,
        "rate": 8.0,
        "p50": 0.1,
        "p95": 0.25,
        "remaining": 7.5,
    }
    task = a_task(workload(0, status="running", progress=progress), workload(1, status="init"))

    assert ProgressLog().lines(task) == [
        "workload 1 of 2, A.b: 40 of 100 iterations, 2 failed, p50 0.1 s, p95 0.25 s, 8 a second, 8 s to go"
    ]


def test_what_a_workload_came_to_is_said_once() -> None:
    """The end of a workload is logged once, with its reason; a task that never began has no lines."""
    row = workload(
        0, status="crashed", ended_at=1.0, error="no quota", progress={"done": 3, "failed": 1, "total": None}
    )
    task, told = a_task(row), ProgressLog()

    assert told.has_news(task)
    assert told.lines(task) == ["workload 1 of 1, A.b: crashed: 3 iterations, 1 failed - no quota"]
    assert not told.has_news(task)
    assert told.lines(task) == told.lines(None) == []
