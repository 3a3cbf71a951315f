"""A figure on both sides of a comparison, and what can be said of the difference among all figures compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, expm1, log
from typing import Literal

import numpy as np

from rallycross.judging.run_comparison.bounds import CONFIDENCE_P, Bounds, adjusted, difference

FALSE_DISCOVERIES = 0.01  # of the differences that are reported as such, on average at most this share is chance
FAILED, THROUGHPUT = "failed", "throughput"
_LARGEST = log(100)  # a larger bound says nothing

Outcome = Literal["worse", "better", "none seen", "doubtful", "unknown"]


@dataclass(frozen=True)
class Sides:
    """The bounds of a figure on both sides; except for `FAILED` they are of its logarithm."""

    action: str  # "" = whole iterations
    depth: int
    figure: str  # `median`, `p95`, `failed`, `throughput`
    samples: tuple[int, int]  # iterations, or actions, on each side
    bounds: tuple[Bounds, Bounds]


@dataclass(frozen=True)
class FigureComparison:
    """A figure on both sides. Changes are shares of the first value; of `failed` they are differences of shares."""

    action: str
    depth: int
    figure: str
    samples: tuple[int, int]
    first: float  # seconds, a share, or iterations per second; with several runs, their (geometric) mean
    second: float
    change: float
    low: float | None  # of the 95 % interval of the change; None = no bound
    high: float | None
    p: float  # for this figure alone
    adjusted_p: float  # among all figures of the comparison
    detectable: float | None  # a change of this size would be reported 95 times of 100; None = none would
    outcome: Outcome

    @property
    def differs(self) -> bool:
        """Whether there is a difference that chance does not explain."""
        return self.outcome in {"worse", "better"}


def decided(found: Sequence[Sides], false_discoveries: float) -> list[FigureComparison]:
    """Return the comparisons of a family of figures."""
    differences = [difference(*sides.bounds) for sides in found]
    family = adjusted(np.array([one.p for one in differences]))
    made = []
    for sides, one, adjusted_p in zip(found, differences, family.tolist(), strict=True):
        change = _difference_of_shares if sides.figure == FAILED else expm1
        value = _difference_of_shares if sides.figure == FAILED else exp
        size = one.detectable(false_discoveries / len(found))
        detectable = _known(change, size)
        rising_is_worse = sides.figure != THROUGHPUT
        outcome: Outcome = "none seen"
        if adjusted_p <= false_discoveries:
            outcome = "worse" if (one.value > 0) == rising_is_worse else "better"
        elif one.p <= CONFIDENCE_P:
            outcome = "doubtful"
        elif detectable is None:
            outcome = "unknown"
        made.append(
            FigureComparison(
                action=sides.action,
                depth=sides.depth,
                figure=sides.figure,
                samples=sides.samples,
                first=value(sides.bounds[0].value),
                second=value(sides.bounds[1].value),
                change=change(one.value),
                low=_known(change, one.low),
                high=_known(change, one.high),
                p=one.p,
                adjusted_p=adjusted_p,
                detectable=detectable,
                outcome=outcome,
            )
        )
    return made


def _known(change: Callable[[float], float], value: float) -> float | None:
    return change(value) if abs(value) <= _LARGEST else None


def _difference_of_shares(value: float) -> float:
    return value
