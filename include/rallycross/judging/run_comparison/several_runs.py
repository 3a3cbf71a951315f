"""Intervals of the figures of several runs on a side: how much runs of the same differ decides, not how long they are.

Iterations of one run share its circumstances. So each run counts as one observation: the mean of the runs' figures has
Student's interval, with the variance between runs of both sides together. One run on a side then borrows the variance
of the other side's runs. Failures are counted together; their variance is raised as much as the runs differ beyond
chance (McCullagh and Nelder, Generalized Linear Models, 1989, section 4.5).
"""

from collections.abc import Sequence

import numpy as np

from rallycross.judging.run_comparison.blocks import Course
from rallycross.judging.run_comparison.bounds import Bounds, margins
from rallycross.judging.run_comparison.one_run import wilson

Sides = tuple[Bounds, Bounds]


def mean_bounds(first: Sequence[float], second: Sequence[float]) -> Sides:
    """Return the bounds of both sides, of which at least one has several runs, from the figures of the runs."""
    sides = [np.array(first), np.array(second)]
    freedom = len(first) + len(second) - 2
    spread = np.sqrt(sum(float(((side - side.mean()) ** 2).sum()) for side in sides) / freedom)
    one, other = (_symmetric(float(side.mean()), spread / np.sqrt(len(side)), freedom) for side in sides)
    return one, other


def failure_bounds(first: Sequence[Course], second: Sequence[Course]) -> Sides:
    """Return the bounds of the share of iterations that failed, for both sides."""
    freedom = len(first) + len(second) - 2
    sides = [np.array([[run.failed.sum(), run.ended.sum()] for run in side]) for side in (first, second)]
    shares = [float(side[:, 0].sum() / side[:, 1].sum()) for side in sides]
    unlike = sum(
        float(((side[:, 0] - share * side[:, 1]) ** 2 / side[:, 1]).sum() / (share * (1 - share)))
        for side, share in zip(sides, shares, strict=True)
        if 0 < share < 1
    )
    inflated = max(1.0, unlike / freedom)
    one, other = (
        wilson(share, float(side[:, 1].sum()) / inflated, freedom) for side, share in zip(sides, shares, strict=True)
    )
    return one, other


def _symmetric(value: float, error: float, freedom: float) -> Bounds:
    half = margins(error, freedom)
    return Bounds(value, value - half, value + half)
