"""The intervals of a single run."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rallycross.judging.batch import Batch
from rallycross.judging.run_comparison.blocks import MOST_BLOCKS, WHOLE, Blocks
from rallycross.judging.run_comparison.bounds import CONFIDENCE, LEVELS
from rallycross.judging.run_comparison.one_run import (
    durations,
    failure_bounds,
    percentile_bounds,
    throughput_bounds,
)
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.sample_file import SampleWriter, read_batches

AT_95 = int(np.searchsorted(LEVELS, CONFIDENCE))


def _samples(took: list[float], failing: frozenset[int] = frozenset()) -> list[Sample]:
    ended = np.cumsum(took).tolist()
    return [
        Sample(
            number,
            0,
            None,
            end - seconds,
            end,
            failure=Failure("E", "e") if number in failing else None,
            actions=[Action("a", 0, end - seconds, end), Action("b", 1, end - seconds, end, failed=number in failing)],
        )
        for number, (end, seconds) in enumerate(zip(ended, took, strict=True))
    ]


def _blocks(folder: Path, parts: list[list[Sample]]) -> Blocks:
    found = Blocks()
    for number, part in enumerate(parts):
        writer = SampleWriter(folder / str(number) / "0.arrows")
        for sample in part:
            writer.add(sample)
        writer.close()
        for record in read_batches(folder / str(number)):
            found.add(Batch(record))
    return found


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blocks")


@settings(max_examples=20)
@given(st.data())
def test_the_blocks_do_not_depend_on_how_samples_arrive(folder: Path, data: st.DataObject) -> None:
    """Samples in any order and grouping give the same counts, whose sum is that of what did not fail."""
    took = data.draw(st.lists(st.floats(1e-4, 100), min_size=1, max_size=60))
    samples = _samples(took, frozenset(data.draw(st.sets(st.integers(0, len(took) - 1)))))
    cut = data.draw(st.integers(0, len(samples)))
    shuffled = data.draw(st.permutations(samples))
    made = folder / str(len(list(folder.iterdir())))
    at_once = _blocks(made / "one", [samples])
    in_parts = _blocks(made / "parts", [list(shuffled[:cut]), list(shuffled[cut:])])
    assert set(at_once.series) == set(in_parts.series)
    for series in at_once.series:
        for one, other in zip(at_once.counts(series), in_parts.counts(series), strict=True):
            assert (one == other).all()
    failed = sum(sample.failure is not None for sample in samples)
    assert at_once.counts(WHOLE)[1].sum() == len(samples) - failed
    assert at_once.course().failed.sum() == failed
    assert at_once.course().busy.sum() == pytest.approx(sum(took), abs=1e-6)
    assert at_once.counts(WHOLE)[1].shape[0] == MOST_BLOCKS


@given(st.lists(st.floats(0.001, 1000), min_size=2, max_size=200), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_numpys_within_a_bucket(took: list[float], share: float) -> None:
    """The value of a side is the percentile as everywhere, to 0.2 %."""
    found = durations(*_buckets(np.array(took)))
    assert found.percentile(share) == pytest.approx(float(np.quantile(took, share)), rel=0.0021)


def _buckets(took: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return durations as `Blocks.counts` does, each in the block of its place."""
    from rallycross.load.histogram import bucket, nanoseconds  # noqa: PLC0415 - beside its only use

    buckets, column = np.unique(bucket(nanoseconds(took)), return_inverse=True)
    table = np.zeros((MOST_BLOCKS, len(buckets)), np.int64)
    np.add.at(table, (np.arange(len(took)) * MOST_BLOCKS // len(took), column), 1)
    return buckets, table


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_the_interval_of_a_percentile_is_that_of_order_statistics(share: float) -> None:
    """For independent durations it is about as wide as scipy's exact interval, and never narrower by a tenth."""
    chance = np.random.default_rng(1)
    ratios = []
    for _ in range(50):
        took = chance.lognormal(0, 0.5, 400)
        found = percentile_bounds(durations(*_buckets(took)), share)
        exact = stats.quantile_test(took, p=share).confidence_interval(0.95)
        ratios.append((found.high[AT_95] - found.low[AT_95]) / np.log(exact.high / exact.low))
    assert 1.0 <= float(np.median(ratios)) <= 1.3


@pytest.mark.parametrize(
    ("share", "count", "known"), [(0.5, 5, False), (0.5, 12, True), (0.95, 50, False), (0.95, 200, True)]
)
def test_too_few_samples_have_no_bound(share: float, count: int, known: bool) -> None:
    """The largest of 50 durations says nothing of how large the p95 may be."""
    found = percentile_bounds(durations(*_buckets(np.random.default_rng(4).normal(1, 0.1, count))), share)
    assert np.isfinite(found.high[AT_95]) == known


def test_iterations_that_are_alike_widen_the_interval() -> None:
    """A run whose iterations depend on the ones before them has a wider interval than one of the same durations."""
    chance = np.random.default_rng(2)
    level = np.repeat(chance.lognormal(0, 0.3, 50), 20)
    alike = level * chance.lognormal(0, 0.05, 1000)
    mixed = chance.permutation(alike)
    wide, narrow = (percentile_bounds(durations(*_buckets(took)), 0.5) for took in (alike, mixed))
    assert wide.value == pytest.approx(narrow.value)
    assert wide.high[AT_95] - wide.low[AT_95] > 2 * (narrow.high[AT_95] - narrow.low[AT_95])


def test_failures_in_a_burst_have_a_wider_interval_than_scattered_ones(folder: Path) -> None:
    """Fifty failures one after another are about one event."""
    scattered = _blocks(folder / "scattered", [_samples([0.1] * 1000, frozenset(range(0, 1000, 20)))])
    burst = _blocks(folder / "burst", [_samples([0.1] * 1000, frozenset(range(400, 450)))])
    one, other = failure_bounds(scattered.course()), failure_bounds(burst.course())
    assert one.value == other.value == 0.05
    assert other.high[AT_95] > one.high[AT_95] + 0.03


def test_the_throughput_of_a_closed_loop_is_as_certain_as_its_durations(folder: Path) -> None:
    """With 400 independent iterations that vary by a fifth, its interval is about 2 % wide on each side."""
    took = np.random.default_rng(3).normal(1, 0.2, 400)
    course = _blocks(folder / "closed", [_samples(took.tolist())]).course()
    found = throughput_bounds(course, 400 / float(took.sum()), paced=False)
    half = (found.high[AT_95] - found.low[AT_95]) / 2
    assert 0.012 < half < 0.04


def test_the_throughput_of_a_load_with_a_pace_comes_from_its_blocks(folder: Path) -> None:
    """An even pace is known to about one iteration; one block alone says nothing."""
    course = _blocks(folder / "even", [_samples([0.1] * 1000)]).course()
    even = throughput_bounds(course, 10.0, paced=True)
    assert (even.high[AT_95] - even.low[AT_95]) / 2 < 0.03
    short = throughput_bounds(_blocks(folder / "short", [_samples([0.0001] * 2)]).course(), 10.0, paced=True)
    assert short.high[AT_95] == np.inf
