"""Compares two runs of tasks, or two sets of runs: each figure of each workload that both have."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from rallycross.errors import RallycrossError
from rallycross.judging.run_comparison import several_runs
from rallycross.judging.run_comparison.blocks import WHOLE, Series
from rallycross.judging.run_comparison.bounds import Bounds
from rallycross.judging.run_comparison.circumstances import Circumstance, of_runs, of_workloads
from rallycross.judging.run_comparison.figure_comparison import (
    FAILED,
    FALSE_DISCOVERIES,
    THROUGHPUT,
    FigureComparison,
    Sides,
    decided,
)
from rallycross.judging.run_comparison.measured import PERCENTILES, Measured, measured, unusable
from rallycross.judging.run_comparison.one_run import failure_bounds, throughput_bounds
from rallycross.judging.run_comparison.partners import Partners, Runs, paired
from rallycross.results.models import TaskRow, WorkloadRow
from rallycross.task.plan import Timing


@dataclass(frozen=True)
class WorkloadComparison:
    """A workload on both sides."""

    number: int  # in the first run, from 1
    scenario: str
    title: str  # of its subtask
    workloads: tuple[tuple[str, ...], tuple[str, ...]]  # uuids on each side
    circumstances: tuple[Circumstance, ...]  # that differ
    left_out: tuple[str, ...]  # its runs that cannot be used, with the reasons
    refused: str  # why it is not compared; "" = it is
    lacking: tuple[str, ...]  # actions that not every run has, which are not compared
    figures: tuple[FigureComparison, ...]


@dataclass(frozen=True)
class ComparedRun:
    """A run of one side."""

    uuid: str
    title: str
    cloud: str
    tags: tuple[str, ...]
    started_at: float


@dataclass(frozen=True)
class RunComparison:
    """Two runs, or sets of runs, compared."""

    first: tuple[ComparedRun, ...]
    second: tuple[ComparedRun, ...]
    timing: str  # how durations are measured, on both sides
    false_discoveries: float
    circumstances: tuple[Circumstance, ...]  # of the runs, that differ
    workloads: tuple[WorkloadComparison, ...]
    only_first: tuple[str, ...]  # workloads that only these have
    only_second: tuple[str, ...]

    @property
    def figures(self) -> list[FigureComparison]:
        """All compared figures."""
        return [figure for workload in self.workloads for figure in workload.figures]

    @property
    def between_runs(self) -> bool:
        """Whether the intervals include how much runs of the same differ: at least one side has several runs."""
        return len(self.first) + len(self.second) > 2

    def data(self) -> dict[str, Any]:
        """Return the comparison in the form of the JSON output."""
        return asdict(self)


def compare(
    first: Runs,
    second: Runs,
    samples: Path,
    *,
    by_action: bool = False,
    even_invalid: bool = False,
    false_discoveries: float = FALSE_DISCOVERIES,
) -> RunComparison:
    """Compare two sides of one or more runs by their samples, which are below `samples`.

    Raise `RallycrossError` if the comparison would mean nothing: a run is on both sides or still running, or no
    workload can be compared.
    """
    _require_comparable(first, second)
    timings = {run.timing for run in (*first, *second)}
    # Only Rally's timing can be computed for both kinds of runs.
    timing = cast("Timing", timings.pop() if len(timings) == 1 else "rally")
    found = paired(first, second)
    use = _Use(samples, timing, by_action=by_action, even_invalid=even_invalid)
    compared = [_workload(partners, first[0], use) for partners in found.partners]
    _require_any([workload for workload, _ in compared])
    return RunComparison(
        first=tuple(map(_run, first)),
        second=tuple(map(_run, second)),
        timing=timing,
        false_discoveries=false_discoveries,
        circumstances=of_runs(first, second),
        workloads=tuple(_with_figures(compared, false_discoveries)),
        only_first=tuple(map(_name, found.only_first)),
        only_second=tuple(map(_name, found.only_second)),
    )


def _require_comparable(first: Runs, second: Runs) -> None:
    for run in (*first, *second):
        if run.status == "running":
            raise RallycrossError(f"run {run.uuid}: it is still running - compare it once it has ended")
    if both := {run.uuid for run in first} & {run.uuid for run in second}:
        raise RallycrossError(f"run {min(both)}: it is on both sides - compare different runs")


def _require_any(workloads: Sequence[WorkloadComparison]) -> None:
    if not workloads:
        raise RallycrossError("the runs have no workload in common - compare runs of the same task file")
    if all(workload.refused for workload in workloads):
        reasons = "; ".join(f"{one.number}. {one.scenario}: {one.refused}" for one in workloads)
        raise RallycrossError(f"no workload can be compared: {reasons} - compare other runs")


@dataclass(frozen=True)
class _Use:
    """How samples are used."""

    samples: Path
    timing: Timing
    by_action: bool
    even_invalid: bool

    def of(self, rows: Sequence[WorkloadRow]) -> tuple[list[Measured], list[str]]:
        """Return what the runs of a workload measured, and why some cannot be used."""
        usable, left_out = [], []
        for row in rows:
            reason = unusable(row, self.samples, even_invalid=self.even_invalid)
            found = None if reason else measured(row, self.samples, timing=self.timing, by_action=self.by_action)
            if found is None or not found.course.ended.any():
                left_out.append(f"run {row.task_uuid[:8]}: {reason or 'no iteration was measured'}")
            else:
                usable.append(found)
        return usable, left_out


def _workload(partners: Partners, named_by: TaskRow, use: _Use) -> tuple[WorkloadComparison, list[Sides]]:
    named = partners.first[0]
    title = next(one.title for one in named_by.subtasks if named in one.workloads)
    (first, first_left), (second, second_left) = use.of(partners.first), use.of(partners.second)
    refused = not first or not second
    workload = WorkloadComparison(
        number=named.position + 1,
        scenario=named.scenario,
        title=title if title != named.scenario else "",
        workloads=(tuple(row.uuid for row in partners.first), tuple(row.uuid for row in partners.second)),
        circumstances=of_workloads(partners.first, partners.second),
        left_out=() if refused else (*first_left, *second_left),
        refused="; ".join((*first_left, *second_left)) if refused else "",
        lacking=() if refused else tuple(_lacking([*first, *second])),
        figures=(),
    )
    return workload, [] if refused else list(_sides(first, second))


def _lacking(runs: Sequence[Measured]) -> Iterator[str]:
    """Yield the actions that some of the runs have, and others do not."""
    for action, depth in dict.fromkeys(series for run in runs for series in run.counts):
        if action and not all((action, depth) in run.counts for run in runs):
            yield action


def _with_figures(
    compared: Sequence[tuple[WorkloadComparison, list[Sides]]], false_discoveries: float
) -> Iterator[WorkloadComparison]:
    """Yield the workloads with what can be said of their figures, which are one family."""
    figures = iter(decided([one for _, sides in compared for one in sides], false_discoveries))
    for workload, sides in compared:
        yield replace(workload, figures=tuple(next(figures) for _ in sides))


def _sides(first: Sequence[Measured], second: Sequence[Measured]) -> Iterator[Sides]:
    """Yield the bounds of each figure of a workload."""
    common = [series for series in first[0].counts if all(series in run.counts for run in (*first, *second))]
    if WHOLE in common:
        yield from _percentiles(first, second, WHOLE)
    ended = _totals(first, second, lambda run: int(run.course.ended.sum()))
    if len(first) == len(second) == 1:
        failed = failure_bounds(first[0].course), failure_bounds(second[0].course)
    else:
        failed = several_runs.failure_bounds([run.course for run in first], [run.course for run in second])
    yield Sides(*WHOLE, FAILED, ended, failed)
    one, other = ([bounds for run in side if (bounds := _throughput(run))] for side in (first, second))
    if one and other:
        yield Sides(*WHOLE, THROUGHPUT, ended, _bounds(one, other))
    for series in common:
        if series != WHOLE:
            yield from _percentiles(first, second, series)


def _percentiles(first: Sequence[Measured], second: Sequence[Measured], series: Series) -> Iterator[Sides]:
    for name in PERCENTILES:
        one, other = (
            [bounds for run in side if (bounds := run.percentiles.get((series, name)))] for side in (first, second)
        )
        if one and other:
            yield Sides(*series, name, _totals(first, second, lambda run: run.counts[series]), _bounds(one, other))


def _throughput(run: Measured) -> Bounds | None:
    """Return the bounds of the throughput; a single moment has none."""
    return throughput_bounds(run.course, run.throughput, paced=run.paced) if run.throughput else None


def _totals(first: Sequence[Measured], second: Sequence[Measured], of: Callable[[Measured], int]) -> tuple[int, int]:
    return sum(map(of, first)), sum(map(of, second))


def _bounds(first: Sequence[Bounds], second: Sequence[Bounds]) -> tuple[Bounds, Bounds]:
    if len(first) == len(second) == 1:
        return first[0], second[0]
    return several_runs.mean_bounds([run.value for run in first], [run.value for run in second])


def _run(row: TaskRow) -> ComparedRun:
    return ComparedRun(row.uuid, row.title, row.cloud, tuple(row.tags), row.started_at)


def _name(row: WorkloadRow) -> str:
    return f"{row.position + 1}. {row.scenario}"
