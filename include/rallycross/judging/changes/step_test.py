"""A test for a step at the end of a series: whether its last runs have another level than the runs before.

For each possible length of the end (the window) the size of a step is estimated by generalised least squares, and
divided by its standard error. Noise of benchmarks is not that of textbooks:

- A single run may be slower by a multiple. Runs that are `FAR` robust standard deviations off are left out, unless
  there are several of them at the end: then they are the step.
- The noise may be autocorrelated, as a first-order autoregression: neighbouring runs are alike. Its coefficient is
  estimated from the runs before the window, with a correction for short series (Kendall, Biometrika 41, 1954), and
  rounded up by its standard error.
- The standard error includes the uncertainty of the old level. That is the level since the last change; the runs before
  that change only tell what the noise is. Student's t is converted to a normal deviate by Wallace's approximation
  (Biometrika 46, 1959).

The windows are looked at after each run, so noise has many chances. The evidence is a deviate less what such a look has
cost: least for windows of ten runs, more for others and for short histories. What it costs was found by simulation: see
tests/benchmarks/change_detection.py.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

FAR = 5.5
LEAST_BEFORE = 10  # runs before the window, below which nothing is said
LEAST_SINCE = 4  # of these, runs since the last change
COSTS = {4: 1.5, 5: 1.2, 7: 0.9, 10: 0.0, 15: 0.5, 20: 0.6, 30: 0.6}  # deviates, by the length of the window
LONG = 100  # runs of a history from which on it costs nothing that it is short
COST_OF_SHORTNESS = 1.5  # deviates, times the logarithm of LONG by the number of runs
LONGEST = max(COSTS)
_FREQUENT = 0.06  # share of outliers, from which on twice as many in a row are needed to be a step
_SEVERAL = 4  # runs far off that are a step, if they are three quarters of the newest runs
_SIGMA = 1.4826  # of a normal distribution, in median absolute deviations
_CAUTION = 1.0  # standard errors that are added to an estimated autocorrelation
_MOST_AUTOCORRELATION = 0.8


@dataclass(frozen=True)
class Steps:
    """For each series the step that is the least likely to be noise."""

    evidence: Numbers  # standard normal deviates less the costs, with the sign of the step; 0 = none
    length: Counts  # runs since the step
    last: Numbers  # the newest run alone: robust standard deviations from the median before it
    autocorrelation: Numbers  # as it was assumed


def steps(values: Numbers, floor: float | Numbers = 0.0, earlier: int = 0) -> Steps:
    """Test the end of each row; `floor` is the least standard deviation that its noise is taken to have.

    The first `earlier` values of a row are from before its last change, and are moved to the level after it.
    """
    rows, runs = values.shape
    longest = min(LONGEST, runs // 2, runs - LEAST_BEFORE, runs - earlier - LEAST_SINCE)
    if longest < 1:
        none = np.zeros(rows)
        return Steps(none, np.zeros(rows, dtype=np.int64), none, none)
    middle, scale = center_and_scale(values[:, : runs - longest], floor)
    deviations = (values - middle[:, None]) / scale[:, None]
    kept, positions, missing = _without_outliers(deviations, runs - longest)
    since = (positions >= earlier) & (np.arange(runs) >= missing[:, None])
    deviate, misfit, autocorrelation = _deviates(kept, missing, longest, ((floor / scale) ** 2)[:, None], since)

    cost = np.array([COSTS.get(length, np.inf) for length in range(1, longest + 1)])
    shortness = COST_OF_SHORTNESS * math.log(LONG / min(runs, LONG))
    evidence = np.max(np.maximum(np.abs(deviate) - cost - shortness, 0.0), axis=1)
    best = np.argmin(misfit, axis=1)
    at = (np.arange(rows), best)
    first = positions[np.arange(rows), runs - 1 - best]
    length = np.minimum(runs - first, max(runs - earlier - 1, 0))
    return Steps(evidence * np.sign(deviate[at]), length, deviations[:, -1], autocorrelation[at])


def center_and_scale(values: Numbers, floor: float | Numbers = 0.0) -> tuple[Numbers, Numbers]:
    """Return the median, and the standard deviation by the median absolute deviation, of each row.

    It is at least such that no more than a tenth of the values is far off: what is more frequent is not an outlier,
    such as the slower of two levels between which a cloud changes.
    """
    middle = np.median(values, axis=1)
    distance = np.abs(values - middle[:, None])
    deviation = np.maximum(np.median(distance, axis=1) * _SIGMA, np.quantile(distance, 0.9, axis=1) / FAR)
    return middle, np.maximum(deviation, np.maximum(floor, 1e-9))


def _without_outliers(deviations: Numbers, reference: int) -> tuple[Numbers, Counts, Counts]:
    """Move what is kept to the end of each row: return it with zeros before it, its places, and the others' number.

    Several outliers at the end are kept. How many that are depends on how frequent they are in the first `reference`.
    """
    far = np.abs(deviations) > FAR
    frequent = (far[:, :reference].sum(axis=1, keepdims=True) + 1) / (reference + 2) > _FREQUENT
    several = np.where(frequent, 2 * _SEVERAL, _SEVERAL)
    for sign in (-1, 1):
        beyond = deviations[:, ::-1][:, :LONGEST] * sign > FAR
        number = np.cumsum(beyond, axis=1)
        step = (number >= several) & (4 * number >= 3 * np.arange(1, beyond.shape[1] + 1))
        # The longest such end counts.
        lately = np.cumsum(step[:, ::-1], axis=1)[:, ::-1] > 0
        far[:, deviations.shape[1] - beyond.shape[1] :] &= ~(lately & beyond)[:, ::-1]
    order = np.argsort(~far, axis=1, kind="stable")
    kept = np.where(far, 0.0, np.clip(deviations, -FAR, FAR))
    return np.take_along_axis(kept, order, axis=1), order.astype(np.int64), far.sum(axis=1)


def _deviates(
    kept: Numbers, missing: Counts, longest: int, least: Numbers, since: Flags
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the deviates of windows of 1 to `longest` runs, the squares that two levels leave, and the assumed phi."""
    runs = kept.shape[1]
    lengths = np.arange(1, longest + 1)
    start = runs - lengths
    before = np.maximum(start - missing[:, None], 3)
    total = np.cumsum(kept, axis=1)
    squares = np.cumsum(kept**2, axis=1)
    products = np.zeros_like(kept)
    products[:, 1:] = np.cumsum(kept[:, 1:] * kept[:, :-1], axis=1)

    # The runs before each window: level and autocorrelation; and the spread around both levels.
    old = total[:, start - 1]
    number = np.maximum(np.cumsum(since, axis=1)[:, start - 1], 1)
    mean = np.cumsum(np.where(since, kept, 0.0), axis=1)[:, start - 1] / number
    spread = np.maximum(squares[:, start - 1] - 2 * mean * old + before * mean**2, 1e-9)
    ends = kept[np.arange(len(kept)), np.minimum(missing, runs - 1)][:, None] + kept[:, start - 1]
    lagged = products[:, start - 1] - mean * (2 * old - ends) + (before - 1) * mean**2
    measured = lagged / spread
    estimated = (measured * before + 1) / np.maximum(before - 4, 1)
    uncertain = np.sqrt(np.maximum(1 - np.clip(estimated, -0.9, 0.9) ** 2, 0.1) / before)
    phi = np.clip(estimated + _CAUTION * uncertain, 0.0, _MOST_AUTOCORRELATION)
    new = total[:, [-1]] - old
    inside = np.maximum(squares[:, [-1]] - squares[:, start - 1] - new**2 / lengths, 0.0)
    freedom = before + lengths - 3
    variance = np.maximum((spread + inside) / (freedom + 1), least)
    innovation = variance * np.maximum(1 - 2 * phi * np.clip(measured, -0.95, 0.95) + phi**2, 0.1)

    # The window's innovations, projected on those of a step, which are 1 and then 1 - phi.
    entering = kept[:, start] - mean
    level = new - lengths * mean
    first = entering - phi * (kept[:, start - 1] - mean)
    others = level - entering - phi * (level - (kept[:, [-1]] - mean))
    weight = 1 + (lengths - 1) * (1 - phi) ** 2
    size = (first + (1 - phi) * others) / weight
    influence = (1 + (lengths - 1) * (1 - phi)) / weight  # of an error of the old level on the size
    error = np.sqrt(innovation * (1 / weight + influence**2 / number))
    return _normal(size / error, freedom), spread + inside, phi


def _normal(student: Numbers, freedom: Counts) -> Numbers:
    """Return the standard normal deviate that is exceeded as seldom as this value of Student's t."""
    factor = (8 * freedom + 1) / (8 * freedom + 3)
    result: Numbers = np.sign(student) * factor * np.sqrt(freedom * np.log1p(student**2 / freedom))
    return result
