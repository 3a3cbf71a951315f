"""The series of a recipe: its figures over its runs, on scales on which a change is a step."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.figure_damage import DAMAGED_FIGURES
from rallycross.results.models import FigureRow, TaskRow, WorkloadRow
from rallycross.results.recipe_runs import RecipeRun
from rallycross.results.sample_damage import DAMAGED_SAMPLES

MEDIAN, P95, THROUGHPUT, FAILURE_RATE = "p50", "p95", "throughput", "failure_rate"
STORED = (MEDIAN, P95, THROUGHPUT, "count", "failed")  # figures that are read
_NOT_MEASURED = {INVALID_LOAD, DAMAGED_SAMPLES, DAMAGED_FIGURES}  # criteria; a workload that fails them has no figures
_FLOOR = 0.005  # least noise of durations and rates: half a per cent


@dataclass(frozen=True)
class SeriesKey:
    """What a series is of. Workloads of different runs are the same if scenario, load and timing are."""

    workload: str  # a digest of the scenario, the load and the timing
    action: str  # "" = whole iterations
    depth: int
    figure: str

    def digest(self, *scope: str) -> str:
        """Return a short identification of this series within a scope: a cloud and a recipe."""
        return _digest([*scope, self.workload, self.action, self.depth, self.figure])


@dataclass(frozen=True)
class Point:
    """A value of a series."""

    run: int  # index of the run
    workload: WorkloadRow
    value: float  # on the scale of the series
    noise: float  # least standard deviation of the value on that scale, from the number of iterations


@dataclass
class History:
    """The points of a series, oldest first."""

    points: list[Point] = field(default_factory=list)

    @property
    def floor(self) -> float:
        """The least standard deviation of its noise."""
        middle = sorted(point.noise for point in self.points)[len(self.points) // 2]
        return max(middle, _FLOOR)


def histories(runs: Sequence[RecipeRun]) -> dict[SeriesKey, History]:
    """Return all series of the runs of a recipe; see `docs/changes.md` for the runs that count."""
    found: dict[SeriesKey, History] = {}
    for index, run in enumerate(runs):
        seen: Counter[str] = Counter()
        for workload in run.task.workloads:
            load = _load(run.task, workload)
            seen[load] += 1
            if workload.status != "finished" or _NOT_MEASURED & {row.criterion for row in workload.sla_rows}:
                continue
            name = f"{load}-{seen[load]}"
            for key, value, noise in _values(name, run.figures.get(workload.uuid, [])):
                found.setdefault(key, History()).points.append(Point(index, workload, value, noise))
    return found


def relative(figure: str, step: float, level: float) -> float:
    """Return a step as users read it: relative to the old level; of a failure rate the difference of the rates."""
    if figure == FAILURE_RATE:
        return _rate(level + step) - _rate(level)
    return math.expm1(step)


def is_worse(figure: str, step: float) -> bool:
    """Tell whether a step is a change for the worse."""
    return step < 0 if figure == THROUGHPUT else step > 0


def least_step(figure: str, least: float, level: float) -> float:
    """Return the step of the least change that counts, on the scale of the series."""
    if figure == FAILURE_RATE:
        return abs(_angle(min(1.0, _rate(level) + least)) - level)
    return math.log1p(least)


def _values(workload: str, figures: Sequence[FigureRow]) -> Iterator[tuple[SeriesKey, float, float]]:
    counts: dict[str, float] = {}
    for row in figures:
        if row.figure in {"count", "failed"}:
            if row.action == "" and row.depth == 0:
                counts[row.figure] = row.value
        elif row.value > 0:
            yield SeriesKey(workload, row.action, row.depth, row.figure), math.log(row.value), 0.0
    if iterations := counts.get("count"):
        rate = min(1.0, counts.get("failed", 0.0) / iterations)
        # The arcsine makes the noise of a rate the same at all levels: 1 / sqrt(number).
        yield SeriesKey(workload, "", 0, FAILURE_RATE), _angle(rate), 1 / math.sqrt(iterations)


def _angle(rate: float) -> float:
    return 2 * math.asin(math.sqrt(rate))


def _rate(angle: float) -> float:
    return math.sin(min(max(angle, 0.0), math.pi) / 2) ** 2


def _load(task: TaskRow, workload: WorkloadRow) -> str:
    parts = [task.timing, workload.scenario, workload.args, workload.runner, workload.runner_args, workload.contexts]
    return _digest(parts)[:16]


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
