"""The history of runs: tasks and verifications, and how each ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rallycross.judging.verdict import task_verdict
from rallycross.results.models import TaskRow, VerificationRow
from rallycross.results.store import Store
from rallycross.verification.test import FAILED, PASSED


@dataclass(frozen=True)
class HistoryEntry:
    """One task or verification in the history."""

    uuid: str
    kind: str  # `task` or `verification`
    cloud: str
    title: str  # of a verification: its test set or pattern
    tags: tuple[str, ...]
    status: str
    started_at: float  # seconds since the epoch
    ended_at: float | None
    verdict: str  # `passed`, `failed`, `invalid`, `running` or `not judged`

    @property
    def seconds(self) -> float | None:
        """Its duration; None while it runs."""
        return None if self.ended_at is None else self.ended_at - self.started_at


def latest(store: Store, *, cloud: str | None = None, tag: str | None = None, last: int = 20) -> list[HistoryEntry]:
    """Return the latest runs, the newest last; with a tag, only tasks."""
    rows: list[TaskRow | VerificationRow] = [*store.tasks.latest(cloud=cloud, tag=tag, limit=last)]
    rows += [] if tag else store.verifications.latest(cloud=cloud, limit=last)
    return entries(store, sorted(rows, key=lambda row: row.started_at)[-last:])


def entries(store: Store, rows: Sequence[TaskRow | VerificationRow]) -> list[HistoryEntry]:
    """Return an entry for each row."""
    counts = store.tests.counts([row.uuid for row in rows if isinstance(row, VerificationRow)])
    return [_task(row) if isinstance(row, TaskRow) else _verification(row, counts[row.uuid]) for row in rows]


def verdict_word(task: TaskRow) -> str:
    """Return the verdict on a task in a word, as in `HistoryEntry.verdict`."""
    if task.status == "running":
        return "running"
    if any(workload.passed is None for workload in task.workloads):
        return "not judged"
    return task_verdict(task).word


def _task(row: TaskRow) -> HistoryEntry:
    return HistoryEntry(
        row.uuid,
        "task",
        row.cloud,
        row.title,
        tuple(row.tags),
        row.status,
        row.started_at,
        row.ended_at,
        verdict_word(row),
    )


def _verification(row: VerificationRow, counts: Mapping[str, int]) -> HistoryEntry:
    """Take the verdict from counts by status: a list does not read every test."""
    well = row.status == "finished" and not FAILED & counts.keys() and PASSED & counts.keys()
    word = "running" if row.status == "running" else "passed" if well else "failed"
    return HistoryEntry(
        row.uuid, "verification", row.cloud, row.chosen, (), row.status, row.started_at, row.ended_at, word
    )
