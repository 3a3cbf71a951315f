"""How large a step is: its size on the scale of the values, with a confidence interval."""

import math
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


def step_size(values: Numbers, length: int, autocorrelation: float, floor: float = 0.0) -> Step:
    """Return how far the last `length` values are from those before: a difference of Huber's robust means."""
    before, after = values[:-length], values[-length:]
    _, scale = center_and_scale(before[None, :], floor)
    old, old_error = _robust_mean(before, float(scale[0]), autocorrelation, floor)
    new, new_error = _robust_mean(after, float(scale[0]), autocorrelation, floor)
    # A few values tell less about their own spread than the many before.
    spread = math.hypot(old_error, max(new_error, old_error * math.sqrt(len(before) / length)))
    size = new - old
    return Step(size, size - _DEVIATE * spread, size + _DEVIATE * spread)


def _robust_mean(values: Numbers, scale: float, autocorrelation: float, floor: float) -> tuple[float, float]:
    """Return the mean with values bounded around it, and its standard error under first-order autoregression."""
    mean = float(np.median(values))
    for _ in range(20):
        mean += float(np.mean(np.clip(values - mean, -_BOUND * scale, _BOUND * scale)))
    bounded = np.clip(values - mean, -_BOUND * scale, _BOUND * scale)
    count = len(values)
    lags = np.arange(1, count)
    inflation = 1 + 2 * float(np.sum((1 - lags / count) * autocorrelation**lags))
    variance = max(float(np.sum(bounded**2)) / max(count - 1, 1), floor**2)
    return mean, math.sqrt(variance * inflation / count)
