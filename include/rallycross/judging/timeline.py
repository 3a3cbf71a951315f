"""How a load went over time, second by second (a short one in finer steps), as a fold."""

from typing import Any

import numpy as np

from rallycross.judging.batch import Batch, Flags, Floats

_FEWEST_STEPS, _MOST_STEPS = 20, 1200  # fewer show nothing, and more than that no screen shows
_WIDTHS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class Timeline:
    """Gathers when iterations ended, how long they took and whether they failed."""

    def __init__(self) -> None:
        self._ended: list[Floats] = []
        self._duration: list[Floats] = []
        self._failed: list[Flags] = []

    def add(self, batch: Batch) -> None:
        """Take some samples."""
        self._ended.append(batch.ended)
        self._duration.append(batch.duration)
        self._failed.append(batch.failed)

    def merge(self, other: "Timeline") -> None:
        """Take what another has taken."""
        self._ended += other._ended  # noqa: SLF001 - its own kind
        self._duration += other._duration  # noqa: SLF001
        self._failed += other._failed  # noqa: SLF001

    def close(self) -> dict[str, Any]:
        """Return columns of equal length, a value for each step from the start of the load to its end.

        {"width": seconds of a step (1 for loads of 20 seconds to 20 minutes), "at": start of each step, "count",
        "failed": iterations that ended in it, "mean", "p95": seconds, of those that did not
        fail; None where there are none}
        """
        ended = np.concatenate([np.empty(0), *self._ended])
        duration = np.concatenate([np.empty(0), *self._duration])
        failed = np.concatenate([np.empty(0, np.bool_), *self._failed])
        width = _width(float(ended.max(initial=0)))
        step = np.maximum(ended // width, 0).astype(np.int64)
        steps = int(step.max()) + 1 if len(step) else 0
        means: list[float | None] = [None] * steps
        p95s: list[float | None] = [None] * steps
        well_step, well_duration = step[~failed], duration[~failed]
        order = np.lexsort((well_duration, well_step))  # also makes sums independent of the order of adding
        present, starts = np.unique(well_step[order], return_index=True)
        for at, durations in zip(present.tolist(), np.split(well_duration[order], starts[1:]), strict=False):
            means[at] = float(durations.mean())
            p95s[at] = float(np.percentile(durations, 95))
        return {
            "width": width,
            "at": (np.arange(steps) * width).tolist(),
            "count": np.bincount(step, minlength=steps).tolist(),
            "failed": np.bincount(step[failed], minlength=steps).tolist(),
            "mean": means,
            "p95": p95s,
        }


def _width(seconds: float) -> float:
    """Return how wide the steps of a load are that took so many seconds."""
    if seconds < _FEWEST_STEPS:
        return next((width for width in _WIDTHS if seconds / width <= _FEWEST_STEPS), 1)
    return max(1, int(np.ceil(seconds / _MOST_STEPS)))
