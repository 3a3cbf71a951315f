"""The test for a step at the end of a series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rallycross.judging.changes.effect import step_size
from rallycross.judging.changes.step_test import LEAST_BEFORE, steps

_VALUES = arrays(np.float64, st.tuples(st.just(1), st.integers(0, 60)), elements=st.floats(-1e3, 1e3, width=32))


def _noise(seed: int, runs: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.03, (1, runs))


@given(_VALUES)
def test_any_series_has_a_finite_deviate(values: np.ndarray) -> None:
    """Constant, short and wild series have finite deviates, and a length within the series."""
    found = steps(values, 0.005)

    assert np.isfinite([found.evidence, found.last, found.autocorrelation]).all()
    assert 0 <= found.length[0] <= values.shape[1]
    if values.shape[1] <= LEAST_BEFORE or np.ptp(values) == 0:
        assert found.evidence[0] == 0


@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-10, 10))
def test_the_unit_and_the_level_do_not_matter(seed: int, factor: float, shift: float) -> None:
    """A series in other units, or at another level, has the same deviate; upside down, the opposite one."""
    values = _noise(seed)
    plain, scaled, turned = steps(values), steps(values * factor + shift), steps(-values)

    assert scaled.evidence[0] == pytest.approx(plain.evidence[0], rel=1e-6)
    assert turned.evidence[0] == pytest.approx(-plain.evidence[0], rel=1e-9)
    assert scaled.length[0] == plain.length[0] == turned.length[0]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=5))
def test_series_do_not_affect_each_other(seeds: list[int]) -> None:
    """Testing several series at once has the results of testing each alone."""
    rows = [_noise(seed) for seed in seeds]
    together = steps(np.concatenate(rows), 0.005)

    assert together.evidence.tolist() == pytest.approx([float(steps(row, 0.005).evidence[0]) for row in rows])


@given(st.integers(0, 1000), st.integers(4, 20), st.sampled_from([-1, 1]))
def test_a_large_step_is_found_where_it_is(seed: int, length: int, sign: int) -> None:
    """A step of ten standard deviations is found at its first run, or the one beside it, in its direction."""
    values = _noise(seed, 100)
    values[:, -length:] += sign * 0.3
    found = steps(values, 0.005)

    assert abs(found.length[0] - length) <= 1
    assert found.evidence[0] * sign > 0


@given(st.integers(0, 1000), st.floats(0.3, 50), st.integers(1, 3))
def test_spikes_are_left_out(seed: int, height: float, number: int) -> None:
    """Up to three runs that are far off, however far, are no evidence; the others are judged as without them."""
    plain = _noise(seed, 60)
    spiky = np.concatenate([plain, np.full((1, number), np.median(plain) + height)], axis=1)

    assert abs(steps(spiky, 0.005).evidence[0]) < abs(steps(plain, 0.005).evidence[0]) + 1
    assert steps(spiky, 0.005).last[0] > 5


def test_a_series_without_noise_is_taken_to_have_the_least() -> None:
    """In a constant series a step below the floor is nothing, and one of many floors is found."""
    values = np.zeros((1, 40))
    small, large = values.copy(), values.copy()
    small[:, -5:] += 0.001
    large[:, -5:] += 0.1

    assert abs(steps(small, 0.005).evidence[0]) < 1
    assert steps(large, 0.005).evidence[0] > 3.4


@pytest.mark.parametrize(("size", "length"), [(0.05, 10), (0.1, 6), (-0.2, 12), (1.0, 4)])
def test_the_interval_of_a_step_holds_its_size(size: float, length: int) -> None:
    """In 95 % of many histories the interval holds the true step, or in little less where few runs show it."""
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        values = random.normal(0, 0.03, 50 + length)
        values[-length:] += size
        step = step_size(values, length, 0.0)
        held += step.low <= size <= step.high
        assert step.low <= step.size <= step.high

    assert held / 400 > 0.92
