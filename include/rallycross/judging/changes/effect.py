"""How large a step is: its size on the scale of the values, with a confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rallycross.judging.changes.step_test import Numbers, center_and_scale

_DEVIATE = 1.96  # for 95 %
_BOUND = 2.3  # standard deviations, beyond which a value counts as one that is this far off


@dataclass(frozen=True)
class Step:
    """The difference of two levels, with the limits of its 95 % confidence interval."""

    size: float
    low: float
    high: float


def step_size(
    values: Numbers, length: int, autocorrelation: float, floor: float = 0.0, earlier: Sequence[float] = ()
) -> Step:
    """Return how far the last `length` values are from those before: a difference of Huber's robust means.

    `earlier`: further values with the same noise, but not at the level of those before.
    """
    before, after = values[:-length], values[-length:]
    _, measured = center_and_scale(np.concatenate([np.array(earlier, dtype=float), before])[None, :], floor)
    scale = float(measured[0])
    old, new = _robust_mean(before, scale), _robust_mean(after, scale)
    noise = max(scale, _spread(before, old, scale))
    error = math.hypot(
        noise * _error(len(before), autocorrelation),
        max(noise, _spread(after, new, scale)) * _error(length, autocorrelation),
    )
    return Step(new - old, new - old - _DEVIATE * error, new - old + _DEVIATE * error)


def _robust_mean(values: Numbers, scale: float) -> float:
    """Return the mean with values bounded around it."""
    mean = float(np.median(values))
    for _ in range(20):
        mean += float(np.mean(np.clip(values - mean, -_BOUND * scale, _BOUND * scale)))
    return mean


def _spread(values: Numbers, mean: float, scale: float) -> float:
    """Return the standard deviation with values bounded around the mean."""
    bounded = np.clip(values - mean, -_BOUND * scale, _BOUND * scale)
    return math.sqrt(float(np.sum(bounded**2)) / max(len(values) - 1, 1))


def _error(count: int, autocorrelation: float) -> float:
    """Return the standard error of a mean of so many values, in standard deviations of one."""
    lags = np.arange(1, count)
    return math.sqrt((1 + 2 * float(np.sum((1 - lags / count) * autocorrelation**lags))) / count)
