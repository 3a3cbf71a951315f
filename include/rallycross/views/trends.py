"""The history of a task's figures on a cloud: a value for each run, and where the environment changed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rallycross.judging.run_comparison.circumstances import of_environments
from rallycross.results.run_list import RunFilter
from rallycross.results.store import Store
from rallycross.views.changes import ChangeEntry, change_entry
from rallycross.views.history import HistoryEntry, entries

RUNS = 60  # that a history has at most
# Figures that can be chosen, with what they are; the first is shown if none is chosen.
FIGURES: Mapping[str, str] = {
    "p50": "median duration",
    "p95": "95th percentile of the durations",
    "avg": "mean duration",
    "max": "longest duration",
    "throughput": "iterations a second",
    "failed_share": "share that failed",
}
_OF_LOAD = frozenset({"throughput"})  # figures that actions do not have
_STORED = {"failed_share": ("failed", "count"), "avg": ("avg", "std", "count", "failed")}
_SIGMAS = 1.96  # of a 95 % interval


@dataclass(frozen=True, order=True)
class SeriesKey:
    """A workload of a task, or an action of it: "" = whole iterations."""

    position: int  # of the workload, from 0
    scenario: str
    action: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Point:
    """The value of a figure in one run."""

    value: float
    low: float | None = None  # 95 % interval, if the stored figures give one
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """A figure over the runs of a history; None: the run does not have it."""

    key: SeriesKey
    points: tuple[Point | None, ...]

    @property
    def last(self) -> Point | None:
        """The value of the latest run that has one."""
        return next((point for point in reversed(self.points) if point), None)

    @property
    def before(self) -> float | None:
        """The median of the values before the last."""
        earlier = [point.value for point in self.points if point][:-1]
        return median(earlier) if earlier else None


@dataclass(frozen=True)
class TrendRun:
    """A run of a history."""

    entry: HistoryEntry
    environment_changes: tuple[str, ...]  # against the run before: `cloud.nova 31 → 32`


@dataclass(frozen=True)
class Trend:
    """The history of a task on a cloud, the oldest run first."""

    title: str
    cloud: str
    figure: str
    runs: tuple[TrendRun, ...]
    series: tuple[Series, ...]  # in the order of the workloads and of their actions
    changes: tuple[ChangeEntry, ...] = ()  # that change detection has found in these runs, the oldest first


def trend(store: Store, title: str, cloud: str, figure: str, *, most: int = RUNS) -> Trend:
    """Return the latest runs of a task file on a cloud, with one figure of all workloads and actions."""
    rows = store.runs.page(RunFilter(kind="task", title=title, cloud=cloud), limit=most)
    listed = [one for one in reversed(entries(store, rows)) if one.verdict not in {"running", "not judged"}]
    uuids = [one.uuid for one in listed]
    environments = store.runs.environments(uuids)
    known = [environments.get(uuid, {}) for uuid in uuids]
    runs = (TrendRun(one, _changes(known[at - 1], known[at]) if at else ()) for at, one in enumerate(listed))
    found = tuple(change_entry(row) for row in store.changes.of_runs(uuids))
    return Trend(title, cloud, figure, tuple(runs), tuple(_series(store, uuids, figure)), found)


def _series(store: Store, uuids: Sequence[str], figure: str) -> list[Series]:
    found: dict[SeriesKey, dict[str, dict[str, float]]] = {}
    for one in store.figures.series(uuids, _STORED.get(figure, (figure,))):
        key = SeriesKey(one.position, one.scenario, one.action, one.depth)
        found.setdefault(key, {}).setdefault(one.task, {})[one.figure] = one.value
    made = (
        Series(key, tuple(_point(figure, by_task.get(uuid, {})) for uuid in uuids)) for key, by_task in found.items()
    )
    return [one for one in made if any(one.points) and not (one.key.action and figure in _OF_LOAD)]


def _point(figure: str, stored: Mapping[str, float]) -> Point | None:
    if figure == "failed_share":
        return Point(stored["failed"] / stored["count"]) if stored.get("count") and "failed" in stored else None
    if figure not in stored:
        return None
    value, spread = stored[figure], stored.get("std")
    counted = stored.get("count", 0.0) - stored.get("failed", 0.0)
    if spread is None or counted < 2:
        return Point(value)
    half = _SIGMAS * spread / math.sqrt(counted)
    return Point(value, max(0.0, value - half), value + half)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    if not before or not after:
        return ()
    return tuple(f"{one.name} {one.first[0]} → {one.second[0]}" for one in of_environments(before, after))
