"""Shows results on a terminal: the list, and one task or verification."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from rich.console import RenderableType

from rallycross.cli.console import styled
from rallycross.cli.grid import Grid
from rallycross.judging.statistics import figures_of
from rallycross.judging.verdict import first_line
from rallycross.results.concurrent_loads import concurrent_loads
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.store import Store
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.task.plan import Timing
from rallycross.verification.test import FAILED
from rallycross.views.durations import DurationTable
from rallycross.views.history import HistoryEntry, entries, verdict_word
from rallycross.views.wording import count, duration, moment
from rallycross.views.workload import workload_view

_NAMED = 20  # failures, or failed tests, that are listed


def history_table(rows: Sequence[HistoryEntry]) -> Grid:
    """Return the history as a table."""
    table = Grid("uuid", "kind", "cloud", "title", "tags", "began", "took", "verdict")
    for row in rows:
        title = f"tempest: {row.title}" if row.kind == "verification" else row.title
        tags = ", ".join(row.tags)
        began, took = moment(row.started_at), duration(row.seconds)
        table.add_row(row.uuid[:8], row.kind, row.cloud, title, tags, began, took, row.verdict)
    return table


def show_task(store: Store, task: TaskRow, samples: Path) -> Iterator[RenderableType]:
    """Yield a heading, then the durations, SLA rows and failures of each workload."""
    yield styled(f"{task.title}: task {task.uuid} on cloud {task.cloud}", style="bold")
    yield f"began {moment(task.started_at)}, {task.status}, {verdict_word(task)}"
    if task.origin:
        yield f"imported from {task.origin}"
    for one in concurrent_loads(task, store.tasks.concurrent_with(task.uuid)):
        yield styled(str(one), style="yellow")
    if task.tags:
        yield f"tags: {', '.join(task.tags)}"
    for subtask in task.subtasks:
        for workload in subtask.workloads:
            yield ""
            yield from _workload(subtask, workload, task, samples / workload.uuid)


def show_verification(store: Store, uuid: str) -> Iterator[RenderableType]:
    """Yield a heading, the numbers of tests by status, and the failed tests."""
    row = store.verifications.get(uuid)
    if row is None:
        return
    tests = store.tests.of(uuid)
    yield styled(f"verification {row.uuid} of cloud {row.cloud}: {row.chosen}", style="bold")
    yield f"began {moment(row.started_at)}, {row.status}, {entries(store, [row])[0].verdict}"
    counts = Counter(test.status for test in tests)
    yield f"{len(tests)} of {row.total} tests: " + ", ".join(f"{count} {name}" for name, count in counts.most_common())
    if row.error:
        yield styled(first_line(row.error), style="red")
    failed = [test for test in tests if test.status in FAILED]
    for test in failed[:_NAMED]:
        yield styled(f"✗ {test.name}", style="red")
    if len(failed) > _NAMED:
        yield f"and {len(failed) - _NAMED} more"


def _workload(subtask: SubtaskRow, row: WorkloadRow, task: TaskRow, samples: Path) -> Iterator[RenderableType]:
    note, figures = "", row.figures
    if figures is None:
        figures = figures_of(samples, timing=cast("Timing", task.timing), reported=row.reported)
        note = "not judged: the figures are of what was measured so far"
        if row.statistics is not None:
            note = "the judged figures cannot be read: these are computed again from the samples"
    shown = workload_view(subtask, row, figures)
    yield styled(f"{shown.number}. {shown.scenario}{f' ({shown.title})' if shown.title else ''}", style="bold")
    yield f"{shown.runner}: {shown.load}" if shown.load else shown.runner
    if when := pruned_at(samples):
        note = f"its samples were pruned at {when}; the figures are those that were judged before"
    if note:
        yield note
    yield durations(shown.durations)
    took = f"load {duration(shown.load_seconds)}, {duration(shown.full_seconds)} with contexts"
    yield took if shown.finished else f"{took}; {shown.ending}"
    if shown.error:
        yield styled(first_line(shown.error), style="red")
    for sla in shown.sla:
        yield styled(
            f"{'✓' if sla.passed else '✗'} {sla.criterion}: {sla.detail}", style="green" if sla.passed else "red"
        )
    yield from _failures(figures)


def durations(table: DurationTable) -> Grid:
    """Return the durations of a workload, in total and by action, as in the report."""
    shown = Grid("action", *(f">{name}" for name in (*table.columns, "count", "failed")))
    for row in table.rows:
        name = f"{row.name} time, from the actual start" if row.from_start else row.name
        shown.add_row(
            f"{'  ' * (row.depth - 1)} -> {name}" if row.depth else name,
            *map(duration, row.seconds),
            count(row.count),
            count(row.failed),
        )
    return shown


def _failures(figures: WorkloadFigures) -> Iterator[RenderableType]:
    groups = figures.failures
    for group in groups[:_NAMED]:
        kind = f"{group.kind}: " if group.kind else ""
        request = f" (such as request {group.request_id})" if group.request_id else ""
        yield styled(f"{group.count} x {kind}{first_line(group.message)}{request}", style="red")
    if len(groups) > _NAMED:
        yield styled(f"and {len(groups) - _NAMED} more kinds of failure", style="red")
