"""Pace: when is iteration n due? Pure; a loop without a schedule is one whose iterations were all due long ago."""

import math
from collections.abc import Callable

Pace = Callable[[int], float | None]  # n -> seconds after the start at which iteration n is due; None = there is none

AT_ONCE = -math.inf  # due as soon as a worker is free


def at_once(times: int) -> Pace:
    """Return the pace of a closed loop: `times` iterations, each as soon as a worker is free."""
    return lambda n: AT_ONCE if n < times else None
