"""How far a load has come: a fold over samples, shown once a second."""

from array import array
from collections import deque
from typing import Any

import numpy as np

from rallycross.load.histogram import Histogram, nanoseconds
from rallycross.load.sample import Sample

RATE_WINDOW = 5.0  # seconds over which the rate is taken


class Progress:
    """Counts samples; `total` is how many there will be, where that is known."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = 0
        self.failed = 0
        self.durations = Histogram()
        self._fresh = array("d")  # durations, in seconds, since the progress was looked at last
        self._looks: deque[tuple[float, int]] = deque([(0.0, 0)])  # when the progress was looked at, and what was done

    def add(self, sample: Sample) -> None:
        """Count a sample."""
        self.done += 1
        if sample.failure is None:
            self._fresh.append(sample.duration)
        else:
            self.failed += 1

    def at(self, elapsed: float) -> dict[str, Any]:
        """Return the progress `elapsed` seconds after the start, as the results database keeps it.

        `rate` is in iterations a second over the last seconds, `p50`, `p95` (of iterations that did not fail),
        `elapsed` and `remaining` are in seconds; what is not known is None.
        """
        while len(self._looks) > 1 and self._looks[1][0] <= elapsed - RATE_WINDOW:
            self._looks.popleft()
        since, before = self._looks[0]
        rate = (self.done - before) / (elapsed - since) if elapsed > since else 0.0
        self._looks.append((elapsed, self.done))
        self.durations.add(nanoseconds(np.frombuffer(self._fresh)))
        self._fresh = array("d")
        p50, p95 = self.durations.percentiles((50, 95))
        remaining = (self.total - self.done) / rate if self.total is not None and rate > 0 else None
        return {
            "done": self.done,
            "total": self.total,
            "failed": self.failed,
            "rate": rate,
            "p50": p50,
            "p95": p95,
            "elapsed": elapsed,
            "remaining": remaining,
        }
