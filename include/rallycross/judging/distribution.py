"""The distribution of durations: the bars of a chart, from a histogram's buckets."""

import numpy as np

from rallycross.load.histogram import SECOND, Histogram
from rallycross.results.workload_figures import Distribution

_FEWEST, _MOST = 8, 60  # bars
_NARROWEST = 0.004  # narrowest bar, as a share of the longest duration: two buckets; narrower bars show gaps


def distribution(durations: Histogram) -> Distribution | None:
    """Return the bars; None for an empty histogram."""
    if durations.least is None or durations.greatest is None:
        return None
    low, high = max(durations.least, 0) / SECOND, max(durations.greatest, 0) / SECOND
    wanted = _bars(durations, high - low)
    if high - low < _NARROWEST * high or high == 0:  # all durations are equal within the accuracy
        low, high = 0.95 * low, max(1.05 * high, 1e-6)
    middles, counts = durations.shape()
    bars, _ = np.histogram(np.clip(middles, low, high), bins=wanted, range=(low, high), weights=counts)
    return Distribution(low, high, tuple(np.rint(bars).astype(int).tolist()))


def _bars(durations: Histogram, spread: float) -> int:
    """Return the number of bars: the rule of Freedman and Diaconis, within bounds."""
    quarter, three_quarters = durations.percentiles((25, 75))
    width = 2 * ((three_quarters or 0) - (quarter or 0)) / durations.count ** (1 / 3)
    wanted = min(max(int(np.ceil(spread / width)) if width > 0 else 0, _FEWEST), _MOST)
    known = int(spread / (_NARROWEST * (durations.greatest or 0) / SECOND)) if durations.greatest else 0
    return min(wanted, max(known, _FEWEST))
