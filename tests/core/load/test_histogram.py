"""The histogram: exact or accurate to 0.1 %, and independent of the order and grouping of additions."""

import statistics as textbook

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.load.histogram import SECOND, Histogram, nanoseconds

# From a microsecond, whose thousandth is a nanosecond, to a day.
durations = st.integers(1_000, 86_400 * SECOND)
lists = st.lists(durations, min_size=1, max_size=200)
SHARES = (0, 1, 25, 50, 90, 95, 99, 99.9, 99.99, 100)


def histogram_of(*parts: list[int]) -> Histogram:
    """Return a histogram to which the parts were added one after another."""
    made = Histogram()
    for part in parts:
        made.add(np.array(part, np.int64))
    return made


def everything(histogram: Histogram) -> object:
    """Return all that can be asked of a histogram."""
    middles, counts = histogram.shape()
    figures = (histogram.count, histogram.least, histogram.greatest, histogram.mean(), histogram.deviation())
    return *figures, histogram.percentiles(SHARES), middles.tolist(), counts.tolist()


@given(lists)
def test_percentiles_are_within_a_thousandth_of_exact(values: list[int]) -> None:
    """Percentiles of any number of values are those of numpy within 0.1 %; minimum and maximum are exact."""
    found = histogram_of(values).percentiles(SHARES)
    exact = np.percentile(np.array(values) / SECOND, SHARES)

    assert found == pytest.approx(exact.tolist(), rel=0.001)
    assert (found[0], found[-1]) == (min(values) / SECOND, max(values) / SECOND)


@pytest.mark.parametrize("shape", ["lognormal", "pareto", "two_modes"])
def test_percentiles_of_many_are_within_a_thousandth_to_four_nines(shape: str) -> None:
    """Percentiles up to p99.99 are accurate also with long or thin tails, and with gaps."""
    chance = np.random.default_rng(7)
    seconds = {
        "lognormal": chance.lognormal(-3, 1, 200_000),
        "pareto": 0.001 * (1 + chance.pareto(1.5, 200_000)),
        "two_modes": np.where(chance.random(200_000) < 0.97, chance.normal(0.01, 0.001, 200_000).clip(0.001), 3.0),
    }[shape]
    histogram = Histogram()
    for part in np.array_split(nanoseconds(seconds), 37):
        histogram.add(part)

    assert histogram.percentiles(SHARES) == pytest.approx(np.percentile(seconds, SHARES).tolist(), rel=0.001)


@given(lists)
def test_mean_and_deviation_are_exact(values: list[int]) -> None:
    """Mean and deviation are exact, although a sum of squares of nanoseconds exceeds 64 bits."""
    histogram = histogram_of(values)

    assert histogram.mean() == pytest.approx(textbook.fmean(values) / SECOND, rel=1e-12)
    if len(values) > 1:
        assert histogram.deviation() == pytest.approx(textbook.stdev(values) / SECOND, rel=1e-9, abs=1e-12)


@given(lists, st.data())
def test_parts_in_any_order_merge_to_the_whole(values: list[int], data: st.DataObject) -> None:
    """Parts merged in any grouping give the same figures as the whole."""
    whole = histogram_of(values)
    shuffled = data.draw(st.permutations(values))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), min_size=2, max_size=2)))
    first, second, third = shuffled[: cuts[0]], shuffled[cuts[0] : cuts[1]], shuffled[cuts[1] :]
    merged = histogram_of(third)
    merged.merge(histogram_of(first, second))

    assert everything(merged) == everything(whole)
    assert everything(histogram_of(second, third, first)) == everything(whole)


def test_of_nothing_nothing_is_known() -> None:
    """An empty histogram gives None; a single duration has a deviation of 0."""
    nothing = Histogram()
    nothing.merge(Histogram())

    assert (len(nothing), nothing.mean(), nothing.deviation(), nothing.percentile(50)) == (0, None, None, None)
    assert histogram_of([5]).deviation() == 0.0


def test_no_time_and_less_than_none_are_durations_too() -> None:
    """A duration of 0 is counted as 0; a negative one is in the lowest rank, unchanged."""
    assert histogram_of([0, 0]).percentiles((0, 50, 100)) == [0.0, 0.0, 0.0]
    set_back = histogram_of([-SECOND, 2 * SECOND, 2 * SECOND])
    assert (set_back.percentile(0), set_back.percentile(100), set_back.mean()) == (-1.0, 2.0, 1.0)


@given(lists, durations)
def test_what_is_said_to_be_above_a_limit_is(values: list[int], limit: int) -> None:
    """The number above a limit is never too high, and misses only durations within 0.2 % of it."""
    above = histogram_of(values).above(limit)

    assert above <= sum(value > limit for value in values)
    assert above >= sum(value > 1.002 * limit for value in values)


def test_memory_follows_the_spread_and_not_the_number() -> None:
    """A million durations over four orders of magnitude need seven thousand buckets."""
    chance = np.random.default_rng(1)
    histogram = Histogram()
    for _ in range(20):
        histogram.add(nanoseconds(10 ** chance.uniform(-3, 1, 50_000)))

    assert len(histogram) == 1_000_000
    assert len(histogram.shape()[0]) <= 7_000
