"""Loads that ran on one cloud at the same time: each has measured the other, too."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rallycross.results.models import TaskRow

SIGN_OF_LIFE = 10.0  # seconds since the last progress of a load, after which it is not taken to go on


@dataclass(frozen=True)
class Beside:
    """A load of another task of this results database."""

    task: str  # uuid
    title: str
    seconds: float  # for which both loads ran

    def __str__(self) -> str:
        return (
            f"another load ran on this cloud for {self.seconds:.0f} s of this one: {self.title}, task {self.task}"
            " - the figures hold what each did to the other"
        )


def beside(own: TaskRow, others: Iterable[TaskRow]) -> Iterator[Beside]:
    """Yield the tasks whose loads ran while the loads of a task did."""
    spans = list(_spans(own))
    for other in others:
        shared = sum(
            max(0.0, min(until, other_until) - max(since, other_since))
            for since, until in spans
            for other_since, other_until in _spans(other)
        )
        if shared > 0:
            yield Beside(other.uuid, other.title, shared)


def goes_on(task: TaskRow, now: float) -> bool:
    """Whether a load of a task runs, as far as its progress tells."""
    return task.status == "running" and any(until > now - SIGN_OF_LIFE for _, until in _spans(task))


def _spans(task: TaskRow) -> Iterator[tuple[float, float]]:
    """Yield from when to when the loads of a task ran, in seconds since the epoch: of one that runs, so far."""
    for workload in task.workloads:
        if workload.load_began_at is not None:
            so_far = (workload.progress or {}).get("elapsed") or 0.0
            yield workload.load_began_at, workload.load_began_at + (workload.load_seconds or so_far)
