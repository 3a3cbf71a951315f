"""Loads that ran on one cloud at the same time, so that each affected the figures of the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rallycross.results.models import TaskRow

SIGN_OF_LIFE = 10.0  # a load without progress for this many seconds is assumed to have ended


@dataclass(frozen=True)
class ConcurrentLoad:
    """The load of another task in this results database."""

    task: str  # uuid
    title: str
    seconds: float  # for which both loads ran

    def __str__(self) -> str:
        return (
            f"another load ran on this cloud for {self.seconds:.0f} s of this one: {self.title}, task {self.task}"
            " - each load affected the figures of the other"
        )


def concurrent_loads(own: TaskRow, others: Iterable[TaskRow]) -> Iterator[ConcurrentLoad]:
    """Yield the tasks whose loads overlapped with the loads of `own`."""
    spans = list(_spans(own))
    for other in others:
        shared = sum(
            max(0.0, min(until, other_until) - max(since, other_since))
            for since, until in spans
            for other_since, other_until in _spans(other)
        )
        if shared > 0:
            yield ConcurrentLoad(other.uuid, other.title, shared)


def load_is_running(task: TaskRow, now: float) -> bool:
    """Tell whether a load of a task is running, judged by its progress."""
    return task.status == "running" and any(until > now - SIGN_OF_LIFE for _, until in _spans(task))


def _spans(task: TaskRow) -> Iterator[tuple[float, float]]:
    """Yield start and end of each load of a task, in seconds since the epoch; a running load ends at its progress."""
    for workload in task.workloads:
        if workload.load_began_at is not None:
            elapsed = workload.so_far.elapsed if workload.so_far else 0.0
            yield workload.load_began_at, workload.load_began_at + (workload.load_seconds or elapsed)
