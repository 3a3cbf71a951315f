"""What was run, a line each: tasks and verifications, with how each ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rallycross.judging.verdict import task_verdict
from rallycross.results.models import TaskRow, VerificationRow
from rallycross.results.store import Store
from rallycross.verification.test import FAILED, PASSED


@dataclass(frozen=True)
class Listed:
    """A task or a verification."""

    uuid: str
    kind: str  # `task` or `verification`
    cloud: str
    title: str  # of a verification: the name of the set of tests, or a pattern
    tags: tuple[str, ...]
    status: str
    started_at: float  # seconds since the epoch
    ended_at: float | None
    verdict: str  # `passed`, `failed`, `invalid`, `running` or `not judged`

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at


def latest(store: Store, *, cloud: str | None = None, tag: str | None = None, last: int = 20) -> list[Listed]:
    """Return what was run last, the newest last; a tag is that of a task."""
    rows: list[TaskRow | VerificationRow] = [*store.tasks.latest(cloud=cloud, tag=tag, limit=last)]
    rows += [] if tag else store.verifications.latest(cloud=cloud, limit=last)
    return listed(store, sorted(rows, key=lambda row: row.started_at)[-last:])


def listed(store: Store, rows: Sequence[TaskRow | VerificationRow]) -> list[Listed]:
    """Return an entry for each row."""
    counts = store.tests.counts([row.uuid for row in rows if isinstance(row, VerificationRow)])
    return [_task(row) if isinstance(row, TaskRow) else _verification(row, counts[row.uuid]) for row in rows]


def word_of(task: TaskRow) -> str:
    """Return in a word what a task came to."""
    if task.status == "running":
        return "running"
    if any(workload.passed is None for workload in task.workloads):
        return "not judged"
    return task_verdict(task).word


def _task(row: TaskRow) -> Listed:
    return Listed(
        row.uuid,
        "task",
        row.cloud,
        row.title,
        tuple(row.tags),
        row.status,
        row.started_at,
        row.ended_at,
        word_of(row),
    )


def _verification(row: VerificationRow, counts: Mapping[str, int]) -> Listed:
    """Judge by how many tests came to what: a list does not read them all."""
    well = row.status == "finished" and not FAILED & counts.keys() and PASSED & counts.keys()
    word = "running" if row.status == "running" else "passed" if well else "failed"
    return Listed(row.uuid, "verification", row.cloud, row.chosen, (), row.status, row.started_at, row.ended_at, word)
