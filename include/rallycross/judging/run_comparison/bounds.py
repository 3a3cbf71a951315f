"""Intervals of one side of a comparison, and of the difference between two sides.

Each side has an interval of its figure at every confidence. The intervals of both sides give that of the difference by
the method of variance estimates recovery (Zou and Donner, Statistics in Medicine 27, 2008); Newcombe's interval of the
difference between two shares is a case of it. The p-value is that of the widest interval that does not hold zero.
Confidence is expressed by the normal quantile z: 1.96 is 95 %.
"""

from dataclasses import dataclass
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np

from rallycross.judging.batch import Floats

_NORMAL = NormalDist()
CONFIDENCE_P = 0.05  # 95 % intervals are shown
CONFIDENCE = _NORMAL.inv_cdf(1 - CONFIDENCE_P / 2)
POWER = _NORMAL.inv_cdf(0.95)  # how certainly a difference of the detectable size is seen: 95 %
LEVELS: Floats = np.unique(np.append(np.linspace(0.0, 8.0, 401), [CONFIDENCE, POWER]))
_ABOVE: Floats = np.array([erfc(level / sqrt(2)) / 2 for level in LEVELS])  # the probability of larger values
_SHOWN = int(np.searchsorted(LEVELS, CONFIDENCE))


@dataclass(frozen=True)
class Bounds:
    """What one side tells about a figure: its value, and its interval at each of the `LEVELS`; infinite = unknown."""

    value: float
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Difference:
    """The second side minus the first one."""

    value: float
    low: float  # of the 95 % interval
    high: float
    p: float  # how often chance alone would show such a difference, or a larger one
    reach: Floats  # half the width of the interval, on its wider side, at each of the `LEVELS`

    def detectable(self, p: float) -> float:
        """Return the size of a difference that would be seen 95 times of 100 if p-values up to `p` count."""
        needed = -_NORMAL.inv_cdf(p / 2)
        return float(np.interp([needed, POWER], LEVELS, self.reach).sum())


def difference(first: Bounds, second: Bounds) -> Difference:
    """Return the difference between two sides."""
    value = second.value - first.value
    down = np.hypot(second.value - second.low, first.high - first.value)
    up = np.hypot(second.high - second.value, first.value - first.low)
    towards = np.maximum.accumulate(down if value > 0 else up)
    widest = float(np.interp(abs(value), towards, LEVELS)) if np.isfinite(value) else 0.0
    return Difference(
        value=value,
        low=value - float(down[_SHOWN]),
        high=value + float(up[_SHOWN]),
        p=erfc(widest / sqrt(2)),
        reach=np.maximum(down, up),
    )


def student(freedom: float) -> Floats:
    """Return the quantiles of Student's distribution at the `LEVELS`: exact for 1 and 2 degrees of freedom.

    For more, the approximation of Wallace (Annals of Mathematical Statistics 30, 1959), which is at most 1.2 % too
    large up to 95 %.
    """
    if freedom <= 1:
        return np.asarray(1 / np.tan(np.pi * _ABOVE))
    if freedom <= 2:
        return np.asarray((1 - 2 * _ABOVE) * np.sqrt(1 / (2 * _ABOVE * (1 - _ABOVE))))
    scaled = LEVELS * (8 * freedom + 3) / (8 * freedom + 1)
    return np.asarray(np.sqrt(freedom * np.expm1(scaled**2 / freedom)))


def margins(error: float, freedom: float) -> Floats:
    """Return half the width of Student's interval at the `LEVELS`; infinite if the standard error is not known."""
    return student(freedom) * error if np.isfinite(error) else np.full(len(LEVELS), np.inf)


def adjusted(p_values: Floats) -> Floats:
    """Return p-values for a whole family, by Benjamini and Hochberg (J. R. Statist. Soc. B 57, 1995).

    Of the differences whose adjusted value is at most q, on average at most the share q are chance.
    """
    order = np.argsort(p_values)[::-1]
    count = len(p_values)
    ranked = p_values[order] * count / np.arange(count, 0, -1)
    found = np.empty(count)
    found[order] = np.minimum(1.0, np.minimum.accumulate(ranked))
    return found
