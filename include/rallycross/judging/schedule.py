"""Whether a load kept its schedule: compares due times with actual starts, as a fold."""

from rallycross.judging.batch import Batch, Floats
from rallycross.judging.rate import per_second
from rallycross.load.histogram import SECOND, Histogram
from rallycross.results.workload_figures import ScheduleFigures, StartError

LATE = 0.010  # a start is late after this many seconds, if a worker was free


class Schedule:
    """Counts the iterations with a due time. A closed loop has none."""

    def __init__(self) -> None:
        self._asked = _Span()
        self._started = _Span()
        self._queued = 0
        self._late = 0
        self._error = Histogram()

    def add(self, batch: Batch) -> None:
        """Add samples."""
        self._asked.add(batch.asked)
        self._started.add(batch.started[batch.paced])
        self._queued += int((batch.queued & batch.paced).sum())
        error = batch.start_error[batch.paced & ~batch.queued]
        self._late += int((error > LATE * SECOND).sum())
        self._error.add(error)

    def merge(self, other: "Schedule") -> None:
        """Add the samples of another fold."""
        self._asked.merge(other._asked)
        self._started.merge(other._started)
        self._queued += other._queued
        self._late += other._late
        self._error.merge(other._error)

    def close(self) -> ScheduleFigures | None:
        """Return the figures; None for a closed loop."""
        if not self._asked.count:
            return None
        p50, p99 = self._error.percentiles((50, 99))
        return ScheduleFigures(
            asked=self._asked.count,
            started=self._started.count,
            dropped=self._asked.count - self._started.count,
            queued=self._queued,
            late=self._late,
            asked_rate=self._asked.rate(),
            delivered_rate=self._started.rate(),
            start_error=StartError(
                p50=p50, p99=p99, max=None if self._error.greatest is None else self._error.greatest / SECOND
            ),
        )


class _Span:
    """The number of moments, the first and the last."""

    def __init__(self) -> None:
        self.count = 0
        self.first = float("inf")
        self.last = float("-inf")

    def add(self, moments: Floats) -> None:
        if len(moments):
            self.count += len(moments)
            self.first = min(self.first, float(moments.min()))
            self.last = max(self.last, float(moments.max()))

    def merge(self, other: "_Span") -> None:
        self.count += other.count
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    def rate(self) -> float | None:
        """Return the rate of the moments: intervals per second."""
        return per_second(self.count - 1, self.last - self.first)
