"""The progress that is shown of a load."""

import pytest

from rallycross.load.progress import Progress
from rallycross.load.sample import Failure, Sample


def sample(number: int, seconds: float, failure: Failure | None = None) -> Sample:
    """Return a sample that took so long."""
    return Sample(number, 0, None, 0.0, seconds, failure=failure)


def test_progress_says_how_far_a_load_has_come() -> None:
    """Counts, rate over the last seconds, percentiles of what went well, and the time that remains."""
    progress = Progress(total=100)
    for number in range(50):
        progress.add(sample(number, 0.2))
    progress.add(sample(50, 9.0, Failure("Error", "no")))
    progress.at(5.0)
    for number in range(51, 61):
        progress.add(sample(number, 0.2))
    shown = progress.at(10.0)
    assert (shown["done"], shown["failed"], shown["total"]) == (61, 1, 100)
    assert shown["rate"] == pytest.approx(2.0)  # the 10 of the last 5 seconds
    assert shown["remaining"] == pytest.approx(39 / 2)
    assert shown["p95"] == pytest.approx(0.2, rel=0.002)


def test_progress_of_nothing_knows_nothing() -> None:
    """Before the first sample there are no percentiles and no remaining time, and no division by zero."""
    shown = Progress(total=10).at(0.0)
    assert (shown["rate"], shown["p50"], shown["remaining"]) == (0.0, None, None)
