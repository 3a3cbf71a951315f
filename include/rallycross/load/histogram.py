"""A histogram of durations in bounded memory. Merging parts gives the same as counting everything at once.

Durations are whole nanoseconds. Count, sum, sum of squares, minimum and maximum are exact integers, so figures do not
depend on the order or grouping of additions. Percentiles come from buckets: 512 for each doubling of the duration, so a
bucket is at most 0.2 % wide and its middle is at most 0.1 % away from any duration in it.
"""

from collections.abc import Iterable
from math import floor, sqrt
from operator import mul

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

SECOND = 10**9  # nanoseconds

# A positive float64 read as an integer grows with the number. Its first 9 bits after the exponent part each doubling
# into 512: shifting out the other bits gives the bucket's number without a logarithm.
_SHIFT = 52 - 9


def nanoseconds(seconds: npt.NDArray[np.float64]) -> Integers:
    """Return seconds as whole nanoseconds."""
    return np.rint(seconds * SECOND).astype(np.int64)


class Histogram:
    """Counts durations, in nanoseconds."""

    __slots__ = ("_buckets", "_counts", "count", "greatest", "least", "squares", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0
        self.squares = 0
        self.least: int | None = None
        self.greatest: int | None = None
        self._buckets: Integers = np.empty(0, np.int64)  # those that are not empty, ascending
        self._counts: Integers = np.empty(0, np.int64)  # of each of them

    def __len__(self) -> int:
        return self.count

    def add(self, durations: Integers) -> None:
        """Count durations. A negative one, from a wall clock that was set back, goes into the bucket of 0."""
        if not len(durations):
            return
        values = durations.tolist()
        self._take(len(values), sum(values), sum(map(mul, values, values)), min(values), max(values))
        buckets, counts = np.unique(bucket(durations), return_counts=True)
        self._take_buckets(buckets, counts)

    def merge(self, other: "Histogram") -> None:
        """Add the counts of another histogram."""
        if other.least is None or other.greatest is None:
            return
        self._take(other.count, other.total, other.squares, other.least, other.greatest)
        self._take_buckets(other._buckets, other._counts)  # noqa: SLF001 - its own kind

    def mean(self) -> float | None:
        """Return the exact mean in seconds; None for an empty histogram."""
        return self.total / (self.count * SECOND) if self.count else None

    def deviation(self) -> float | None:
        """Return the exact sample standard deviation in seconds; 0 for one duration, None for none."""
        if self.count < 2:
            return 0.0 if self.count else None
        spread = self.count * self.squares - self.total * self.total
        return sqrt(spread / (self.count * (self.count - 1) * SECOND**2))

    def percentiles(self, shares: Iterable[float]) -> list[float | None]:
        """Return the percentiles (shares from 0 to 100) in seconds; None for an empty histogram.

        Values between two ranks are interpolated, as numpy does by default. The first and the last rank are exact; the
        others are accurate to 0.1 %.
        """
        if not self.count:
            return [None for _ in shares]
        upto = np.cumsum(self._counts)
        middles = self._middles()
        least, greatest, last = self.least or 0, self.greatest or 0, self.count - 1

        def at(rank: int) -> float:
            if rank in {0, last}:
                return float(greatest if rank else least)
            return min(max(float(middles[np.searchsorted(upto, rank, side="right")]), least), greatest)

        found: list[float | None] = []
        for share in shares:
            rank = floor(share * last / 100)
            below = at(rank)
            part = share * last / 100 - rank
            found.append((below + part * (at(rank + 1) - below) if part else below) / SECOND)
        return found

    def percentile(self, share: float) -> float | None:
        """Return one percentile, see `percentiles`."""
        return self.percentiles([share])[0]

    def above(self, limit: int) -> int:
        """Return how many durations are certainly above a limit: those in the limit's own bucket are not counted."""
        of_limit = bucket(np.array([limit]))[0]
        return int(self._counts[np.searchsorted(self._buckets, of_limit, side="right") :].sum())

    def shape(self) -> tuple[npt.NDArray[np.float64], Integers]:
        """Return the middles, in seconds, of the non-empty buckets, and their counts."""
        return self._middles() / SECOND, self._counts

    def _middles(self) -> npt.NDArray[np.float64]:
        return (lower_bound(self._buckets) + lower_bound(self._buckets + 1)) / 2

    def _take(self, count: int, total: int, squares: int, least: int, greatest: int) -> None:
        self.count += count
        self.total += total
        self.squares += squares
        self.least = least if self.least is None else min(self.least, least)
        self.greatest = greatest if self.greatest is None else max(self.greatest, greatest)

    def _take_buckets(self, buckets: Integers, counts: Integers) -> None:
        if not len(self._buckets):
            self._buckets, self._counts = buckets, counts
            return
        both = np.concatenate([self._buckets, buckets])
        self._buckets, place = np.unique(both, return_inverse=True)
        merged = np.zeros(len(self._buckets), np.int64)
        np.add.at(merged, place, np.concatenate([self._counts, counts]))
        self._counts = merged


def bucket(durations: Integers) -> Integers:
    """Return the bucket of each duration."""
    return np.maximum(durations, 0).astype(np.float64).view(np.int64) >> _SHIFT


def lower_bound(buckets: Integers) -> npt.NDArray[np.float64]:
    """Return the lower bound of each bucket in nanoseconds."""
    return (buckets << _SHIFT).view(np.float64)
