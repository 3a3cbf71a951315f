"""Pace: a pure function from the number of an iteration to the time at which it is due.

In a closed loop all iterations are due at once. A shard of a load has the same function with an offset and a stride, so
that several processes together do exactly what one would do.
"""

import math
from collections.abc import Callable

import numpy as np

from rallycross.load.rate import Rate

Pace = Callable[[int], float | None]  # n -> seconds after the start at which iteration n is due; None = no iteration n

AT_ONCE = -math.inf  # due as soon as a worker is free

_CHUNK = 4096  # random distances that are drawn at a time


def at_once(times: int | None) -> Pace:
    """Return the pace of a closed loop: `times` iterations (None = endless), each as soon as a worker is free."""
    return lambda n: AT_ONCE if times is None or n < times else None


def even(rate: Rate, times: int | None = None) -> Pace:
    """Return the pace of evenly spaced arrivals, at most `times`."""

    def pace(n: int) -> float | None:
        due = rate.reaches(n) if times is None or n < times else math.inf
        return due if math.isfinite(due) else None

    return pace


def poisson(rate: Rate, seed: int) -> Pace:
    """Return the pace of independent random arrivals (a Poisson process), like those of many people.

    The same seed gives the same arrivals: the nth is due when `rate` reaches the sum of n + 1 exponential distances.
    """
    arrivals = _Distances(seed)

    def pace(n: int) -> float | None:
        due = rate.reaches(arrivals.until(n))
        return due if math.isfinite(due) else None

    return pace


def share(pace: Pace, offset: int, stride: int) -> Pace:
    """Return every `stride`th iteration of a pace, from `offset` on."""
    return lambda n: pace(offset + n * stride)


class _Distances:
    """Sums of random exponential distances. Cheap in ascending order; going back draws them again from the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._begin()

    def _begin(self) -> None:
        self._random = np.random.default_rng(self._seed)
        self._first, self._sums = 0, np.cumsum(self._random.exponential(size=_CHUNK))

    def until(self, n: int) -> float:
        """Return the sum of the first n + 1 distances."""
        if n < self._first:
            self._begin()
        while n >= self._first + _CHUNK:
            self._first += _CHUNK
            self._sums = self._sums[-1] + np.cumsum(self._random.exponential(size=_CHUNK))
        return float(self._sums[n - self._first])
