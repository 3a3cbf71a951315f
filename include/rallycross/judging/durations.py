"""The durations of iterations and their actions, as a fold."""

import numpy as np

from rallycross.judging.batch import Batch, Flags, grouped
from rallycross.judging.distribution import distribution
from rallycross.load.histogram import SECOND, Histogram, Integers
from rallycross.results.workload_figures import ActionFigures, Distribution

TOTAL = "total"
# Samples that a percentile needs: with fewer, less than one sample lies beyond it.
_PERCENTILES = {50.0: 1, 90.0: 1, 95.0: 1, 99.0: 1, 99.9: 1_000, 99.99: 10_000}

_Place = tuple[int, int]  # iteration, and position in it


class Durations:
    """Counts durations of whole iterations, of their service times, and of each action at each depth.

    Percentiles, mean and deviation leave out failures; `count` includes them.
    """

    def __init__(self) -> None:
        self._total = _Row()
        self._service = _Row()
        self._actions: dict[tuple[str, int], _Row] = {}

    def add(self, batch: Batch) -> None:
        """Add samples."""
        self._total.add(batch.duration, batch.failed, (0, 0))
        if batch.paced.any():
            self._service.add(batch.service[batch.paced], batch.failed[batch.paced], (0, 0))
        actions = batch.actions
        depths = int(actions.depth.max(initial=0)) + 1
        iteration = batch.iteration[actions.sample]
        for key, chosen in grouped(actions.code * depths + actions.depth):
            row = self._actions.setdefault((actions.names[key // depths], key % depths), _Row())
            row.add(actions.duration[chosen], actions.failed[chosen], _first(iteration[chosen], actions.order[chosen]))

    def merge(self, other: "Durations") -> None:
        """Add the samples of another fold."""
        self._total.merge(other._total)
        self._service.merge(other._service)
        for key, row in other._actions.items():
            self._actions.setdefault(key, _Row()).merge(row)

    def total(self) -> ActionFigures:
        """Return the figures of whole iterations."""
        return self._total.close(TOTAL)

    def actions(self) -> tuple[ActionFigures, ...]:
        """Return the figures of the actions, in the order in which they first occur in an iteration."""
        met = sorted(self._actions.items(), key=lambda item: (item[1].first, item[0]))
        return tuple(row.close(name, depth) for (name, depth), row in met)

    def distribution(self) -> Distribution | None:
        """Return the distribution of the durations of whole iterations, see `distribution`."""
        return distribution(self._total.well)

    def service(self) -> ActionFigures | None:
        """Return the figures of the service time of iterations with a due time; None if there are none."""
        return self._service.close("service") if self._service.count else None


class _Row:
    """The durations of one row."""

    def __init__(self) -> None:
        self.well = Histogram()
        self.count = 0
        self.failed = 0
        self.first: _Place | None = None

    def add(self, duration: Integers, failed: Flags, first: _Place) -> None:
        self.well.add(duration[~failed])
        self.count += len(duration)
        self.failed += int(failed.sum())
        self.first = first if self.first is None else min(self.first, first)

    def merge(self, other: "_Row") -> None:
        self.well.merge(other.well)
        self.count += other.count
        self.failed += other.failed
        if other.first is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)

    def close(self, name: str, depth: int = 0) -> ActionFigures:
        well = self.well
        enough = (len(well) >= least for least in _PERCENTILES.values())
        found = (value if known else None for value, known in zip(well.percentiles(_PERCENTILES), enough, strict=True))
        p50, p90, p95, p99, p99_9, p99_99 = found
        return ActionFigures(
            name=name,
            depth=depth,
            count=self.count,
            failed=self.failed,
            min=None if well.least is None else well.least / SECOND,
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
            p99_9=p99_9,
            p99_99=p99_99,
            max=None if well.greatest is None else well.greatest / SECOND,
            avg=well.mean(),
            std=well.deviation(),
        )


def _first(iteration: Integers, order: Integers) -> _Place:
    """Return the earliest place. Within an iteration, actions are in the order of their start."""
    at = int(np.argmin(iteration))
    return int(iteration[at]), int(order[at])
