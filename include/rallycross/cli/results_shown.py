"""Results on a terminal: what is listed, and what is shown of one."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rich.console import RenderableType

from rallycross.cli.console import styled
from rallycross.cli.grid import Grid
from rallycross.judging.statistics import statistics_of
from rallycross.judging.verdict import first_line, verdict
from rallycross.load.runners import RUNNERS
from rallycross.results.beside import beside
from rallycross.results.endings import ending
from rallycross.results.models import TaskRow, VerificationRow, WorkloadRow
from rallycross.results.store import Store
from rallycross.task.plan import Timing
from rallycross.verification.test import FAILED, PASSED
from rallycross.views.durations import DurationTable, duration_table
from rallycross.views.wording import count, duration

_NAMED = 20  # failures, or failed tests, that are shown


def listed(store: Store, rows: Sequence[TaskRow | VerificationRow]) -> Grid:
    """Return a line for each."""
    table = Grid("uuid", "kind", "cloud", "title", "tags", "began (UTC)", "took", "verdict")
    counts = store.tests.counts([row.uuid for row in rows if isinstance(row, VerificationRow)])
    for row in rows:
        task = isinstance(row, TaskRow)
        table.add_row(
            row.uuid[:8],
            "task" if task else "verification",
            row.cloud,
            row.title if isinstance(row, TaskRow) else f"tempest: {row.chosen}",
            ", ".join(row.tags) if isinstance(row, TaskRow) else "",
            _moment(row.started_at),
            duration(None if row.ended_at is None else row.ended_at - row.started_at),
            _verdict(store, row) if isinstance(row, TaskRow) else _of_counts(row, counts[row.uuid]),
        )
    return table


def listed_data(store: Store, rows: Sequence[TaskRow | VerificationRow]) -> list[dict[str, Any]]:
    """Return the same for programs; times are in seconds since the epoch."""
    counts = store.tests.counts([row.uuid for row in rows if isinstance(row, VerificationRow)])
    return [
        {
            "uuid": row.uuid,
            "kind": "task" if isinstance(row, TaskRow) else "verification",
            "cloud": row.cloud,
            "title": row.title if isinstance(row, TaskRow) else row.chosen,
            "tags": row.tags if isinstance(row, TaskRow) else [],
            "status": row.status,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "verdict": _verdict(store, row) if isinstance(row, TaskRow) else _of_counts(row, counts[row.uuid]),
        }
        for row in rows
    ]


def _of_counts(row: VerificationRow, counts: dict[str, int]) -> str:
    """Return a verification's verdict by how many tests came to what: a list does not read them all."""
    if row.status == "running":
        return "running"
    well = row.status == "finished" and not FAILED & counts.keys() and PASSED & counts.keys()
    return "passed" if well else "failed"


def show_task(store: Store, task: TaskRow, samples: Path) -> Iterator[RenderableType]:
    """Yield a head, then for each workload its durations, SLA rows and failures."""
    yield styled(f"{task.title}: task {task.uuid} on cloud {task.cloud}", style="bold")
    yield f"began {_moment(task.started_at)} UTC, {task.status}, {_verdict(store, task, samples)}"
    if task.origin:
        yield f"imported from {task.origin}"
    for one in beside(task, store.tasks.meanwhile(task.uuid)):
        yield styled(str(one), style="yellow")
    if task.tags:
        yield f"tags: {', '.join(task.tags)}"
    for subtask in task.subtasks:
        for workload in subtask.workloads:
            yield ""
            title = f" ({subtask.title})" if subtask.title != workload.scenario else ""
            yield styled(f"{workload.position + 1}. {workload.scenario}{title}", style="bold")
            yield from _workload(workload, task, samples / workload.uuid)


def show_verification(store: Store, uuid: str) -> Iterator[RenderableType]:
    """Yield a head, how many tests came to what, and those that failed."""
    row = store.verifications.get(uuid)
    if row is None:
        return
    tests = store.tests.of(uuid)
    yield styled(f"verification {row.uuid} of cloud {row.cloud}: {row.chosen}", style="bold")
    yield f"began {_moment(row.started_at)} UTC, {row.status}, {_verdict(store, row)}"
    counts = Counter(test.status for test in tests)
    yield f"{len(tests)} of {row.total} tests: " + ", ".join(f"{count} {name}" for name, count in counts.most_common())
    if row.error:
        yield styled(first_line(row.error), style="red")
    failed = [test for test in tests if test.status in FAILED]
    for test in failed[:_NAMED]:
        yield styled(f"✗ {test.name}", style="red")
    if len(failed) > _NAMED:
        yield f"and {len(failed) - _NAMED} more"


def _workload(workload: WorkloadRow, task: TaskRow, samples: Path) -> Iterator[RenderableType]:
    known = RUNNERS.get(workload.runner)
    words = known.describe(workload.runner_args) if known and not known.validate(workload.runner_args) else ""
    yield f"{workload.runner}: {words}" if words else workload.runner
    figures = workload.statistics
    if figures is None:
        figures = statistics_of(samples, timing=cast("Timing", task.timing))
        yield "not judged: the figures are of what has been measured so far"
    yield durations(duration_table(figures))
    took = f"load {duration(workload.load_seconds)}, {duration(workload.full_seconds)} with contexts"
    yield took if workload.status == "finished" else f"{took}; {ending(workload)}"
    if workload.error:
        yield styled(first_line(workload.error), style="red")
    for sla in workload.sla_rows:
        yield styled(
            f"{'✓' if sla.passed else '✗'} {sla.criterion}: {sla.detail}", style="green" if sla.passed else "red"
        )
    yield from _failures(figures)


def durations(table: DurationTable) -> Grid:
    """Return the durations of a workload, in total and by action, as the report has them."""
    shown = Grid("action", *(f">{name}" for name in (*table.columns, "count", "failed")))
    for place, row in enumerate(table.rows):
        name = f"{row['name']} time, from the actual start" if table.paced and place == 1 else row["name"]
        shown.add_row(
            f"{'  ' * (row['depth'] - 1)} -> {name}" if row["depth"] else name,
            *(duration(row.get(figure)) for figure in table.columns),
            count(row["count"]),
            count(row["failed"]),
        )
    return shown


def _failures(figures: Mapping[str, Any]) -> Iterator[RenderableType]:
    groups = figures.get("failures", [])
    for group in groups[:_NAMED]:
        kind = f"{group['kind']}: " if group["kind"] else ""
        yield styled(f"{group['count']} x {kind}{first_line(group['message'])}", style="red")
    if len(groups) > _NAMED:
        yield styled(f"and {len(groups) - _NAMED} more kinds of failure", style="red")


def _verdict(store: Store, row: TaskRow | VerificationRow, samples: Path | None = None) -> str:
    if row.status == "running":
        return "running"
    if isinstance(row, VerificationRow):
        return "passed" if verdict(store, verification=row.uuid).passed else "failed"
    if any(workload.passed is None for workload in row.workloads):
        return "not judged"
    return verdict(store, task=row.uuid, samples=samples).word.lower()


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
