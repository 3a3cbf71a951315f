"""How often comparisons of simulated runs are wrong, as in `./rallycross bench --only compare`, on fewer pairs."""

import sys

import numpy as np
import pytest

from rallycross.settings import CHECKOUT

sys.path.append(str(CHECKOUT / "tests/benchmarks"))
import comparison

PAIRS = 100
ALLOWED = 0.12  # of 100 intervals that are wrong 5 times of 100; more happens in one of 700 tests
NOISES = {noise.name: noise for noise in comparison.NOISES}


@pytest.mark.parametrize("name", ["log-normal, 30 %", "autocorrelated, 0.8", "5 runs a side, 3 % between"])
def test_intervals_hold_the_truth_as_often_as_they_say(name: str) -> None:
    """Equal runs differ, and slower ones are outside of the interval, about 5 times of 100 or less."""
    found = comparison.calibrate(NOISES[name], 100, PAIRS, np.random.default_rng(11))
    assert max(found.excluding.values()) <= ALLOWED
    assert min(found.holding.values()) >= 1 - ALLOWED
    assert found.families <= 0.05  # 1 of 100 families is the aim


def test_a_difference_is_seen() -> None:
    """A check that can fail: with a thousand iterations that vary by a tenth, 5 % are almost always reported."""
    found = comparison.calibrate(NOISES["normal, 10 %"], 1000, 20, np.random.default_rng(12))
    assert found.seen >= 0.9
