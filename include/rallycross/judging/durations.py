"""How long iterations and their actions took: exact percentiles, as a fold."""

from typing import Any

import numpy as np

from rallycross.judging.batch import Batch, Flags, Floats, Integers

TOTAL = "total"
_PERCENTILES = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}

_Place = tuple[int, int]  # iteration, and position in it


class Durations:
    """Gathers durations for the whole iteration and for each action at each depth.

    Percentiles, mean and deviation are over what did not fail; `count` counts all. What is asked of a fold's close is
    computed over sorted values, so that neither the order of adding nor that of merging can be seen in it.
    """

    def __init__(self) -> None:
        self._total = _Row()
        self._actions: dict[tuple[str, int], _Row] = {}

    def add(self, batch: Batch) -> None:
        """Take some samples."""
        self._total.add(batch.duration, batch.failed, (0, 0))
        actions = batch.actions
        depths = int(actions.depth.max(initial=0)) + 1
        key = actions.code * depths + actions.depth
        iteration = batch.iteration[actions.sample]
        for one in np.unique(key).tolist():
            chosen = np.flatnonzero(key == one)
            name, depth = actions.names[one // depths], one % depths
            row = self._actions.setdefault((name, depth), _Row())
            row.add(actions.duration[chosen], actions.failed[chosen], _first(iteration[chosen], actions.order[chosen]))

    def merge(self, other: "Durations") -> None:
        """Take what another has taken."""
        self._total.merge(other._total)  # noqa: SLF001 - its own kind
        for key, row in other._actions.items():  # noqa: SLF001
            self._actions.setdefault(key, _Row()).merge(row)

    def close(self) -> list[dict[str, Any]]:
        """Return the rows: the total, then the actions in the order in which an iteration meets them.

        {"name", "depth", "count", "failed", "min", "p50", "p90", "p95", "p99", "max", "avg", "std"}; durations in
        seconds, None where nothing went well; `std` is the sample's standard deviation.
        """
        met = sorted(self._actions.items(), key=lambda item: (item[1].first, item[0]))
        return [
            {"name": TOTAL, "depth": 0, **self._total.close()},
            *({"name": name, "depth": depth, **row.close()} for (name, depth), row in met),
        ]


class _Row:
    """The durations of one thing."""

    def __init__(self) -> None:
        self.parts: list[Floats] = []
        self.count = 0
        self.failed = 0
        self.first: _Place | None = None

    def add(self, duration: Floats, failed: Flags, first: _Place) -> None:
        self.parts.append(duration[~failed])
        self.count += len(duration)
        self.failed += int(failed.sum())
        self.first = first if self.first is None else min(self.first, first)

    def merge(self, other: "_Row") -> None:
        self.parts += other.parts
        self.count += other.count
        self.failed += other.failed
        if other.first is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)

    def close(self) -> dict[str, Any]:
        values = np.sort(np.concatenate(self.parts)) if self.parts else np.empty(0)
        figures: dict[str, float | None] = dict.fromkeys(("min", *_PERCENTILES, "max", "avg", "std"))
        if len(values):
            figures["min"], figures["max"] = float(values[0]), float(values[-1])
            figures.update({name: float(np.percentile(values, share)) for name, share in _PERCENTILES.items()})
            figures["avg"] = float(values.mean())
            figures["std"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        return {"count": self.count, "failed": self.failed, **figures}


def _first(iteration: Integers, order: Integers) -> _Place:
    """Return the earliest place; within an iteration, actions come in order of start."""
    at = int(np.argmin(iteration))
    return int(iteration[at]), int(order[at])
