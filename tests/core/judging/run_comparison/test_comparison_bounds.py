"""The statistics of comparisons, against scipy and published figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rallycross.judging.run_comparison.bounds import (
    CONFIDENCE,
    LEVELS,
    Bounds,
    adjusted,
    difference,
    margins,
    student,
)
from rallycross.judging.run_comparison.one_run import wilson

AT_95 = int(np.searchsorted(LEVELS, CONFIDENCE))
MANY = 1e9  # degrees of freedom


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 19, 40, MANY])
def test_students_quantiles_are_scipys_or_a_little_larger(freedom: float) -> None:
    """They are exact for 1 and 2 degrees of freedom, and otherwise at most 1.3 % too large at 95 %."""
    exact = stats.t.isf(stats.norm.sf(LEVELS), freedom)
    found = student(freedom)
    assert found[AT_95] == pytest.approx(exact[AT_95], rel=1e-9 if freedom <= 2 else 0.013)
    far = LEVELS >= CONFIDENCE
    assert (found[far] >= exact[far] * 0.999).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    """The correction is that of Benjamini and Hochberg."""
    found = adjusted(np.array(p_values))
    assert found == pytest.approx(stats.false_discovery_control(p_values))


@pytest.mark.parametrize(("failed", "count"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 1000), (997, 1000)])
def test_wilsons_interval_is_scipys(failed: int, count: int) -> None:
    """The interval of a share of independent iterations is the known one."""
    found = wilson(failed / count, count, MANY)
    exact = stats.binomtest(failed, count).proportion_ci(0.95, "wilson")
    assert (found.low[AT_95], found.high[AT_95]) == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17, 1998, table II, method 10
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 20), (10, 10), 0.6791, 1.0),
    ],
)
def test_the_difference_of_two_shares_has_newcombes_interval(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """The published examples come out."""
    one, other = (wilson(failed / count, count, MANY) for failed, count in (first, second))
    found = difference(one, other)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-4)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.01, 2), st.integers(1, 50))
def test_a_difference_of_means_has_the_interval_and_p_value_of_its_distribution(
    value: float, one: float, other: float, freedom: int
) -> None:
    """For symmetric bounds, the interval is Student's, and the p-value fits it: it is below 5 % without zero."""
    first = Bounds(0.0, -margins(one, freedom), margins(one, freedom))
    second = Bounds(value, value - margins(other, freedom), value + margins(other, freedom))
    found = difference(first, second)
    half = student(freedom)[AT_95] * np.hypot(one, other)
    assert (found.low, found.high) == pytest.approx((value - half, value + half))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(value) / np.hypot(one, other), freedom), abs=0.01)
    if abs(abs(value) - half) > 1e-3:
        assert (found.p < 0.05) == (abs(value) > half)


def test_what_is_not_known_on_a_side_is_not_known_of_the_difference() -> None:
    """A side without an upper bound leaves the difference without a bound there; it is never significant upwards."""
    known = Bounds(0.0, -margins(0.1, 20), margins(0.1, 20))
    above = np.full(len(LEVELS), np.inf)
    found = difference(known, Bounds(5.0, 5.0 - margins(0.1, 20), above))
    assert found.high == np.inf
    assert found.low == pytest.approx(5.0, abs=0.5)
    assert found.p < 1e-6
    assert difference(Bounds(5.0, 5.0 - margins(0.1, 20), above), known).p < 1e-6
    assert difference(known, Bounds(-5.0, -5.0 - margins(0.1, 20), above)).p == 1.0
    assert found.detectable(0.01) == np.inf


def test_a_difference_of_the_detectable_size_is_seen_95_times_of_100() -> None:
    """With normal means, the size is that of the two quantiles together."""
    side = Bounds(0.0, -margins(1.0, MANY), margins(1.0, MANY))
    size = difference(side, side).detectable(0.01)
    seen = stats.norm.sf(stats.norm.isf(0.005), loc=size / np.sqrt(2))
    assert seen == pytest.approx(0.95, abs=0.002)
