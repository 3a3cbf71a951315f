"""The histogram, and the progress that is shown from it."""

import math
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.benchmark.progress import Progress
from rallycross.judging.batch import Batch
from rallycross.load.histogram import Histogram
from rallycross.load.sample import Failure, Sample, State
from rallycross.results.sample_file import SampleWriter
from rallycross.results.tail import Tail

durations = st.lists(st.floats(min_value=1e-6, max_value=1e5), min_size=1, max_size=200)


@given(durations, st.floats(min_value=0.01, max_value=1))
def test_quantiles_are_true_to_a_thousandth(values: list[float], share: float) -> None:
    """A quantile is within 0.1 % of the value of that rank."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    assert histogram.quantile(share) == pytest.approx(exact, rel=0.001001)


@given(durations, durations)
def test_merged_histograms_count_as_one(left: list[float], right: list[float]) -> None:
    """Two histograms merged are the histogram of all values."""
    parts = [Histogram(), Histogram()]
    whole = Histogram()
    for part, values in zip(parts, (left, right), strict=True):
        for value in values:
            part.add(value)
            whole.add(value)
    parts[0].merge(parts[1])
    assert parts[0].buckets == whole.buckets
    assert len(parts[0]) == len(left) + len(right)


def test_quantiles_of_nothing_and_of_no_time() -> None:
    """Where nothing was counted there is no quantile; durations of zero have the quantile zero."""
    histogram = Histogram()
    assert histogram.quantile(0.5) is None
    histogram.add(0.0)
    assert histogram.quantile(0.5) == 0.0


def batch_of(folder: Path, *samples: Sample) -> Batch:
    """Return samples as a batch."""
    with closing(SampleWriter(folder / f"{samples[0].iteration}.arrows")) as writer:
        for one in samples:
            writer.add(one)
    [record] = Tail(folder / f"{samples[0].iteration}.arrows").read()
    return Batch(record)


def sample(number: int, seconds: float, failure: Failure | None = None, state: State = State.RAN) -> Sample:
    """Return a sample that took so long."""
    return Sample(number, 0, None, 0.0, seconds, failure=failure, state=state)


def test_progress_says_how_far_a_load_has_come(tmp_path: Path) -> None:
    """Counts, rate over the last seconds, percentiles of what went well, and the time that remains."""
    progress = Progress(total=100)
    progress.add(batch_of(tmp_path, *(sample(number, 0.2) for number in range(50))))
    progress.add(batch_of(tmp_path, sample(50, 9.0, Failure("Error", "no"))))
    progress.at(5.0)
    progress.add(batch_of(tmp_path, *(sample(number, 0.2) for number in range(51, 61))))
    shown = progress.at(10.0)
    assert (shown["done"], shown["failed"], shown["total"]) == (61, 1, 100)
    assert shown["rate"] == pytest.approx(2.0)  # the 10 of the last 5 seconds
    assert shown["remaining"] == pytest.approx(39 / 2)
    assert shown["p95"] == pytest.approx(0.2, rel=0.002)


def test_a_warm_up_is_done_and_in_no_figure(tmp_path: Path) -> None:
    """What ran in the warm-up counts as done, what was dropped does not; neither is in the percentiles."""
    progress = Progress(None, planned=30.0)
    dropped = sample(2, 0.0, state=State.DROPPED)
    progress.add(batch_of(tmp_path, sample(0, 9.0, state=State.WARM_UP), sample(1, 0.5), dropped))
    shown = progress.at(10.0)
    assert (shown["done"], shown["dropped"], shown["remaining"]) == (2, 1, 20.0)
    assert shown["p95"] == pytest.approx(0.5, rel=0.002)


def test_progress_of_nothing_knows_nothing() -> None:
    """Before the first sample there are no percentiles and no remaining time, and no division by zero."""
    shown = Progress(total=10).at(0.0)
    assert (shown["rate"], shown["p50"], shown["remaining"]) == (0.0, None, None)
