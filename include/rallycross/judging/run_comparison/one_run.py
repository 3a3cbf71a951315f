"""Intervals of the figures of a single run, from its blocks of time.

Iterations that follow one another are alike: the cloud warms up, slows down, has bad moments. Intervals that take them
for independent are too narrow. So the variance of each figure is that of means of consecutive batches (Conway,
Management Science 9, 1963), with Student's distribution, and it is raised further if neighbouring batches are alike,
as in Tafazzoli and others, "Skart" (INFORMS J. Computing 23, 2011). It is never less than for independent iterations.

The interval of a percentile q is between two order statistics (Woodruff, J. Amer. Statist. Assoc. 47, 1952; for
dependent data Heidelberger and Lewis, Operations Research 32, 1984): the share of durations below the true q is
q on average, and the batches say how much it varies. It needs no assumption on the distribution.
"""

from dataclasses import dataclass

import numpy as np

from rallycross.judging.batch import Floats
from rallycross.judging.run_comparison.blocks import Course
from rallycross.judging.run_comparison.bounds import Bounds, margins, student
from rallycross.load.histogram import SECOND, Integers, lower_bound

BATCHES = 20  # more would be too short for what lasts, fewer would cost certainty
_MOST_ALIKE = 0.8  # correlation of neighbouring batches; what is more alike is a trend


@dataclass(frozen=True)
class Durations:
    """The durations of a series: seconds at ranks, and the counts by block and bucket."""

    count: int
    ranks: Floats
    seconds: Floats
    table: Integers  # a row for each block, a column for each bucket

    def at(self, ranks: Floats) -> Floats:
        """Return the durations at ranks (the first of n is 0.5, the last n - 0.5); beyond them they are not known."""
        return np.interp(ranks, self.ranks, self.seconds, left=-np.inf, right=np.inf)

    def percentile(self, share: float) -> float:
        """Return a percentile, interpolated between ranks as everywhere."""
        return float(self.at(np.array([share * (self.count - 1) + 0.5]))[0])


def durations(buckets: Integers, table: Integers) -> Durations:
    """Return the durations of buckets, in which they are spread evenly."""
    counts = table.sum(axis=0)
    before = np.cumsum(counts) - counts
    low = lower_bound(buckets) / SECOND
    width = lower_bound(buckets + 1) / SECOND - low
    # The first and the last duration of each bucket.
    ranks = np.stack([before + 0.5, before + counts - 0.5], axis=1).ravel()
    seconds = np.stack([low + width * 0.5 / counts, low + width * (1 - 0.5 / counts)], axis=1).ravel()
    return Durations(int(counts.sum()), ranks, np.maximum(seconds, 1 / SECOND), table)


def percentile_bounds(found: Durations, share: float) -> Bounds:
    """Return the bounds of the logarithm of a percentile (a share from 0 to 1)."""
    value = found.percentile(share)
    above = found.seconds[1::2] > value
    variance = share * (1 - share)
    batch = _batches(found.table.sum(axis=1))
    inflated, freedom = _inflation(found.table[:, above].sum(axis=1), found.table.sum(axis=1), batch, variance)
    margin = margins(float(np.sqrt(variance * found.count * inflated)), freedom)
    rank = share * (found.count - 1) + 0.5
    with np.errstate(divide="ignore"):
        low = np.log(np.maximum(found.at(rank - margin), 0.0))
    return Bounds(float(np.log(value)), low, np.log(found.at(rank + margin)))


def failure_bounds(course: Course) -> Bounds:
    """Return the bounds of the share of iterations that failed: Wilson's, with the number of independent iterations."""
    count, failed = course.ended.sum(), course.failed.sum()
    share = failed / count
    batch = _batches(course.ended)
    inflated, freedom = _inflation(course.failed, course.ended, batch, share * (1 - share))
    return wilson(float(share), float(count / inflated), freedom)


def wilson(share: float, count: float, freedom: float) -> Bounds:
    """Return Wilson's interval of a share of `count` independent iterations (J. Amer. Statist. Assoc. 22, 1927)."""
    z = student(freedom)
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return Bounds(share, np.minimum(middle - half, share), np.maximum(middle + half, share))


def throughput_bounds(course: Course, throughput: float, *, paced: bool) -> Bounds:
    """Return the bounds of the logarithm of the iterations per second.

    In a closed loop the rate is the number of workers divided by the mean time of an iteration, which varies as that
    does. With a pace, or pauses between iterations, it is the number of iterations in blocks of the same length.
    """
    size, amount = course.ended, course.busy
    if paced:
        amount = course.ended[: np.flatnonzero(course.ended)[-1]]  # without the last block, which is not full
        size = np.ones(len(amount))
    error, freedom = _ratio_error(amount, size, _batches(size))
    error = max(error, 1 / float(course.ended.sum()))  # iterations are counted
    half = margins(error, freedom)
    return Bounds(float(np.log(throughput)), np.log(throughput) - half, np.log(throughput) + half)


def _batches(sizes: Floats | Integers) -> Integers:
    """Return the batch of each block, so that batches of consecutive blocks have about the same size."""
    total = sizes.sum()
    count = min(BATCHES, int(total), len(sizes)) if total else 1
    middle = (np.cumsum(sizes) - sizes / 2) / max(total, 1)
    batch: Integers = np.minimum((middle * count).astype(np.int64), count - 1)
    return batch


def _inflation(
    hits: Floats | Integers, sizes: Floats | Integers, batch: Integers, variance: float
) -> tuple[float, float]:
    """Return how much larger the variance of a share is than for independent iterations, and its degrees of freedom."""
    error, freedom = _absolute_error(hits, sizes, batch)
    independent = variance / max(float(sizes.sum()), 1.0)
    return (max(1.0, error**2 / independent) if independent else 1.0), freedom


def _ratio_error(amount: Floats, size: Floats, batch: Integers) -> tuple[float, float]:
    """Return the relative standard error of the ratio of two sums."""
    error, freedom = _absolute_error(amount, size, batch)
    ratio = amount.sum() / size.sum() if size.sum() else 0.0
    return (error / ratio if ratio else np.inf), freedom


def _absolute_error(amount: Floats | Integers, size: Floats | Integers, batch: Integers) -> tuple[float, float]:
    """Return the standard error of the ratio of two sums over batches, and its degrees of freedom."""
    amounts, sizes = np.bincount(batch, amount), np.bincount(batch, size)
    amounts, sizes = amounts[sizes > 0], sizes[sizes > 0]
    count = len(sizes)
    if count < 2:
        return np.inf, 1.0
    rest = amounts - amounts.sum() / sizes.sum() * sizes
    squares = float(rest @ rest)
    alike = float(rest[1:] @ rest[:-1]) / squares + 1 / count if squares else 0.0
    alike = min(max(alike, 0.0), _MOST_ALIKE)
    variance = squares * count / (count - 1) * (1 + alike) / (1 - alike)
    return float(np.sqrt(variance) / sizes.sum()), count - 1.0
