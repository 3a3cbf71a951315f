"""When iterations are due."""

import math
from itertools import count, pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.load.pace import Pace, at_once, even, poisson, share
from rallycross.load.rate import Rate, RateStage

STAGES = st.lists(
    st.builds(RateStage, seconds=st.floats(0.5, 20), first=st.floats(0, 50), last=st.floats(0, 50)),
    min_size=1,
    max_size=4,
)


def dues(pace: Pace) -> list[float]:
    """Return when all of its iterations are due."""
    return list(takewhile(lambda due: due is not None, (pace(n) for n in count())))


def come_by(moment: float, stages: list[RateStage]) -> float:
    """Return how many have come by a moment: the area below the line that the rate goes in."""
    area = 0.0
    for stage in stages:
        seconds = min(max(moment, 0.0), stage.seconds)
        then = stage.first + (stage.last - stage.first) * seconds / stage.seconds
        area += (stage.first + then) / 2 * seconds
        moment -= stage.seconds
    return area


def test_even_arrivals_keep_their_distance() -> None:
    """A rate of 100/s for a second gives 100 arrivals, 10 ms apart, the first at 0."""
    found = dues(even(Rate([RateStage(1, 100, 100)])))
    assert found == pytest.approx([n / 100 for n in range(100)])


def test_a_rate_without_end_stops_after_so_many() -> None:
    """`times` limits an endless rate."""
    assert len(dues(even(Rate([RateStage(math.inf, 20, 20)]), times=7))) == 7


def test_a_rising_rate_gives_what_is_below_its_line() -> None:
    """From 50/s to 100/s within a second there are 75 arrivals, ever closer together."""
    found = dues(even(Rate([RateStage(1, 50, 100)])))
    assert len(found) == 75
    distances = [later - earlier for earlier, later in pairwise(found)]
    assert all(later < earlier for earlier, later in pairwise(distances))


def test_a_falling_rate_has_its_arrivals_ever_further_apart() -> None:
    """For 2/s for a second, then 4/s to 0 within two, arrivals are where 4t - t² is whole."""
    found = dues(even(Rate([RateStage(1, 2, 2), RateStage(2, 4, 0)])))
    assert found == pytest.approx([0, 0.5, 1, 3 - math.sqrt(3), 3 - math.sqrt(2), 2])


@given(STAGES)
def test_arrivals_are_in_order_and_as_many_as_the_rate_says(stages: list[RateStage]) -> None:
    """Arrivals ascend, and their number is the integral of the rate."""
    rate = Rate(stages)
    found = dues(even(rate))
    assert abs(len(found) - rate.arrivals) <= 1
    assert all(earlier <= later for earlier, later in pairwise(found))
    assert all(0 <= due <= rate.seconds + 1e-6 for due in found)
    assert [come_by(due, stages) for due in found] == pytest.approx(range(len(found)), abs=1e-6)


@given(STAGES, st.integers(0, 1000), st.integers(1, 5))
def test_shares_of_random_arrivals_are_the_whole(stages: list[RateStage], seed: int, parts: int) -> None:
    """The shares of all processes together have each arrival once."""
    rate = Rate(stages)
    whole = dues(poisson(rate, seed))
    shares = [dues(share(poisson(rate, seed), part, parts)) for part in range(parts)]
    assert sorted(due for part in shares for due in part) == whole


def test_random_arrivals_are_as_many_as_even_ones_and_know_nothing_of_each_other() -> None:
    """Number and spread are those of a Poisson process, and seeds give different arrivals."""
    found = dues(poisson(Rate([RateStage(200, 50, 50)]), seed=1))
    assert len(found) == pytest.approx(10_000, rel=0.05)
    distances = [later - earlier for earlier, later in pairwise(found)]
    mean = sum(distances) / len(distances)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in distances) / len(distances))
    assert mean == pytest.approx(1 / 50, rel=0.05)
    assert deviation == pytest.approx(mean, rel=0.05)
    assert dues(poisson(Rate([RateStage(1, 50, 50)]), seed=1)) != dues(poisson(Rate([RateStage(1, 50, 50)]), seed=2))


def test_random_arrivals_can_be_asked_for_in_any_order() -> None:
    """A pace gives the same time for an iteration whatever was asked before."""
    pace = poisson(Rate([RateStage(1000, 20, 20)]), seed=3)
    late, early = pace(9000), pace(10)
    assert (pace(9000), pace(10)) == (late, early)


def test_a_closed_loop_has_no_schedule() -> None:
    """Each iteration is due at once, up to the last one, or endlessly."""
    assert at_once(2)(1) == -math.inf
    assert at_once(2)(2) is None
    assert at_once(None)(10**9) == -math.inf
