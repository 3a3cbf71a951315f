"""A rate that changes over time, as data: in each stage it is constant or changes linearly. Pure."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class RateStage:
    """`seconds` in which a rate changes from `first` to `last`, in 1/s. The last stage of a rate may be endless."""

    seconds: float
    first: float
    last: float

    @property
    def arrivals(self) -> float:
        """How many arrivals the stage has."""
        return math.inf if math.isinf(self.seconds) else (self.first + self.last) / 2 * self.seconds

    def reaches(self, arrivals: float) -> float:
        """Return how many seconds the stage takes for this many arrivals.

        There are first * t + slope / 2 * t² arrivals after t seconds, solved in the form that is stable for any slope.
        """
        if math.isinf(self.seconds):
            return arrivals / self.first
        slope = (self.last - self.first) / self.seconds
        root = math.sqrt(max(0.0, self.first * self.first + 2 * slope * arrivals))
        return 2 * arrivals / (self.first + root) if arrivals > 0 else 0.0


class Rate:
    """Stages, one after another."""

    def __init__(self, stages: Sequence[RateStage]) -> None:
        self.stages = tuple(stages)
        self.seconds = sum(stage.seconds for stage in self.stages)
        self.arrivals = sum(stage.arrivals for stage in self.stages)
        self.highest = max(max(stage.first, stage.last) for stage in self.stages)
        self._before = [0.0, *accumulate(stage.arrivals for stage in self.stages)]  # arrivals before each stage
        self._began = [0.0, *accumulate(stage.seconds for stage in self.stages)]

    def reaches(self, arrivals: float) -> float:
        """Return how many seconds this many arrivals take; infinity if there are never so many."""
        if arrivals >= self.arrivals:
            return math.inf
        at = bisect_right(self._before, arrivals) - 1
        return self._began[at] + self.stages[at].reaches(arrivals - self._before[at])
