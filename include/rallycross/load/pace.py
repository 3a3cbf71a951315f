"""Pace: when is iteration n due? Pure; a loop without a schedule is one whose iterations were all due long ago.

A share of a load is the same function with an offset and a stride: however a load is spread over processes, together
they do what one would.
"""

import math
from collections.abc import Callable

import numpy as np

from rallycross.load.rate import Rate

Pace = Callable[[int], float | None]  # n -> seconds after the start at which iteration n is due; None = there is none

AT_ONCE = -math.inf  # due as soon as a worker is free

_CHUNK = 4096  # random arrivals that are drawn at a time


def at_once(times: int | None) -> Pace:
    """Return the pace of a closed loop: `times` iterations (None: without end), each as soon as a worker is free."""
    return lambda n: AT_ONCE if times is None or n < times else None


def even(rate: Rate, times: int | None = None) -> Pace:
    """Return the pace of arrivals that keep equal distances at an equal rate, `times` at the most."""

    def pace(n: int) -> float | None:
        due = rate.reaches(n) if times is None or n < times else math.inf
        return due if math.isfinite(due) else None

    return pace


def poisson(rate: Rate, seed: int) -> Pace:
    """Return the pace of arrivals that know nothing of each other, as those of many people do.

    The same seed gives the same arrivals: the nth comes when `rate` has reached the sum of n + 1 exponential distances.
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
    """Sums of exponential distances. Asked in order they cost little; asked for earlier ones, they are drawn anew."""

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
