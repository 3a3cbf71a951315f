"""The progress of a load."""

from contextlib import closing
from pathlib import Path

import pytest

from rallycross.benchmark.progress import Progress
from rallycross.judging.batch import Batch
from rallycross.load.sample import Failure, Sample, State
from rallycross.results.sample_file import SampleWriter
from rallycross.results.tail import Tail


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
    """Progress has counts, the recent rate, percentiles of successes, and the remaining time."""
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
    """Iterations of the warm-up count as done and dropped ones do not; neither are in the percentiles."""
    progress = Progress(None, planned=30.0)
    dropped = sample(2, 0.0, state=State.DROPPED)
    progress.add(batch_of(tmp_path, sample(0, 9.0, state=State.WARM_UP), sample(1, 0.5), dropped))
    shown = progress.at(10.0)
    assert (shown["done"], shown["dropped"], shown["remaining"]) == (2, 1, 20.0)
    assert shown["p95"] == pytest.approx(0.5, rel=0.002)


def test_progress_of_nothing_knows_nothing() -> None:
    """Before the first sample there are no percentiles and no remaining time."""
    shown = Progress(total=10).at(0.0)
    assert (shown["rate"], shown["p50"], shown["remaining"]) == (0.0, None, None)
