"""How far a load has come: a fold over samples, shown once a second."""

from collections import deque
from typing import Any

from rallycross.judging.batch import Batch
from rallycross.load.histogram import Histogram

RATE_WINDOW = 5.0  # seconds over which the rate is taken


class Progress:
    """Counts iterations; `total` is how many there will be, `planned` the seconds that they take: None = not known."""

    def __init__(self, total: int | None, planned: float | None = None) -> None:
        self.total = total
        self.planned = planned
        self.done = 0
        self.failed = 0
        self.dropped = 0
        self.durations = Histogram()
        self._looks: deque[tuple[float, int]] = deque([(0.0, 0)])  # when the progress was looked at, and what was done

    def add(self, batch: Batch) -> None:
        """Count some samples; those of a warm-up, dropped or not, are done, and are in no figure."""
        self.done += len(batch) + batch.warm_up
        self.dropped += batch.dropped
        self.failed += int(batch.failed.sum())
        self.durations.add(batch.duration[~batch.failed])

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
        p50, p95 = self.durations.percentiles((50, 95))
        return {
            "done": self.done,
            "total": self.total,
            "failed": self.failed,
            "dropped": self.dropped,
            "rate": rate,
            "p50": p50,
            "p95": p95,
            "elapsed": elapsed,
            "remaining": self._remaining(elapsed, rate),
        }

    def _remaining(self, elapsed: float, rate: float) -> float | None:
        if self.planned is not None:
            return max(0.0, self.planned - elapsed)
        return (self.total - self.done) / rate if self.total is not None and rate > 0 else None
