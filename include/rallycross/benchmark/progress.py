"""The progress of a load: a fold over samples, shown once a second."""

from collections import deque
from typing import Any

from rallycross.judging.batch import Batch
from rallycross.load.histogram import Histogram

RATE_WINDOW = 5.0  # seconds that the rate is measured over


class Progress:
    """Counts iterations. `total` is their expected number, `planned` the expected seconds; None = not known."""

    def __init__(self, total: int | None, planned: float | None = None) -> None:
        self.total = total
        self.planned = planned
        self.done = 0
        self.failed = 0
        self.dropped = 0
        self.queued = 0
        self.lateness = Histogram()
        self.durations = Histogram()
        self._looks: deque[tuple[float, int]] = deque([(0.0, 0)])  # (elapsed, done) at each look

    def add(self, batch: Batch) -> None:
        """Count samples. Those of the warm-up count as done only; they are in no other figure."""
        self.done += len(batch) + batch.warm_up
        self.dropped += batch.dropped
        self.failed += int(batch.failed.sum())
        self.queued += int(batch.queued.sum())
        if batch.paced.any():
            self.lateness.add(batch.start_error[batch.paced & ~batch.queued])
        self.durations.add(batch.duration[~batch.failed])

    def at(self, elapsed: float) -> dict[str, Any]:
        """Return the progress `elapsed` seconds after the start, in the form of the results database.

        `rate` is in iterations a second over the last `RATE_WINDOW` seconds. `p50` and `p95` (of iterations that did
        not fail), `start_p99` (of how late those with a free worker were started), `elapsed` and `remaining` are in
        seconds. Unknown figures are None.
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
            "queued": self.queued,
            "start_p99": self.lateness.percentiles((99,))[0],
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
