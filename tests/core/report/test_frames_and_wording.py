"""Data frames for the report, and formatted figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_run import MadeRun

from rallycross.load.sample import Sample
from rallycross.report import frames
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.views import wording
from rallycross.views.verification import service as service_of
from rallycross.views.verification import verification_view


@given(
    durations=st.lists(st.floats(0, 1000), max_size=300),
    share=st.floats(0, 1),
    most=st.integers(40, 120),
    seed=st.integers(0, 9),
)
def test_thinning_keeps_the_fastest_the_slowest_and_some_failures(
    *, durations: list[float], share: float, most: int, seed: int
) -> None:
    """Thinned rows are a subset in order, no more than asked for, and include the extremes."""
    failed = np.random.default_rng(seed).random(len(durations)) < share
    frame = pd.DataFrame({"duration": np.array(durations, dtype=float), "failed": failed.astype(bool)})
    shown = frames.thinned(frame, most)
    well = frame.loc[~frame["failed"], "duration"]

    assert len(shown) <= most
    assert shown.index.is_monotonic_increasing
    assert shown.index.isin(frame.index).all()
    assert shown["failed"].any() == frame["failed"].any()
    if len(well):
        kept = shown.loc[~shown["failed"], "duration"]
        assert (kept.min(), kept.max()) == (well.min(), well.max())
    if len(frame) <= most:
        assert len(shown) == len(frame)


def test_steps_start_with_the_first(store: Store, made: MadeRun) -> None:
    """Starts are relative and in order; parallel steps overlap."""
    row = store.deployments.get(made.deployment)
    assert row is not None
    frame = frames.steps(row)

    assert frame["start"].tolist()[:3] == pytest.approx([0.0, 0.0, 21.4], abs=1e-3)
    assert frame["start"].is_monotonic_increasing


def test_tests_are_counted_by_service(store: Store, made: MadeRun) -> None:
    """Each service has its passed, failed, skipped and seconds, even if one of them is 0."""
    services = {one.service: one for one in verification_view(store.tests.of(made.verification)).services}

    assert list(services) == ["compute", "identity", "image", "network", "volume"]
    assert (services["compute"].passed, services["compute"].failed, services["compute"].skipped) == (4, 0, 1)
    assert (services["volume"].passed, services["volume"].failed, services["volume"].skipped) == (1, 1, 0)
    assert services["volume"].seconds > 196


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("tempest.api.compute.servers.T.test_a", "compute"),
        ("tempest.scenario.test_minimum_basic.T.test_a", "scenario"),
        ("setUpClass (tempest.api.volume.test_volumes_get.VolumesGetTest)", "volume"),
        ("my_plugin.tests.T.test_a", "my_plugin"),
    ],
)
def test_a_test_belongs_to_a_service_by_its_name(name: str, service: str) -> None:
    """The service is also found for a class whose set-up failed."""
    assert service_of(name) == service


def test_a_folder_without_samples_is_an_empty_frame(tmp_path: Path) -> None:
    """A deployment without steps has an empty frame with all columns."""
    frame = frames.iterations(tmp_path / "none", timing="intended", most=10)

    assert frame.empty
    assert list(frame.columns) == ["iteration", "started", "duration", "failed"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0.00 ms"),
        (0.000421, "0.42 ms"),
        (0.0123, "12.3 ms"),
        (0.12345, "123 ms"),
        (0.9996, "1.00 s"),
        (1.234, "1.23 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 00 s"),
        (125.4, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3725.0, "1 h 02 min"),
    ],
)
def test_a_duration_has_a_unit_and_three_digits(value: float | None, words: str) -> None:
    """Durations below one second are in milliseconds; rounding carries over between units."""
    assert wording.duration(value) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "\N{EN DASH}"),
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (1, 3, "33.3 %"),
        (1, 10**6, "< 0.1 %"),
        (10**6 - 1, 10**6, "> 99.9 %"),
    ],
)
def test_a_share_is_0_or_100_only_when_it_is(part: int, whole: int, words: str) -> None:
    """Rounding must not hide the one failure in a million."""
    assert wording.share(part, whole) == words


def test_counts_and_moments_are_written_out() -> None:
    """Numbers have thousands separators, 1 is singular, and times are in UTC."""
    assert wording.counted(1, "iteration") == "1 iteration"
    assert wording.counted(1_000_000, "iteration") == "1,000,000 iterations"
    assert wording.counted(2, "entry", "entries") == "2 entries"
    assert wording.moment(1_795_396_000) == "2026-11-23 01:06:40 UTC"
    assert wording.rate(1234.5) == "1,234/s"


def test_a_long_run_is_thinned_part_by_part(tmp_path: Path) -> None:
    """Of many iterations, some from every span of time are kept, and the slowest of all."""
    writer = SampleWriter(tmp_path / "0.arrows")
    for number in range(120_000):
        started = number / 1000
        writer.add(Sample(number, 0, None, started, started + (9.0 if number == 70_007 else 0.1)))
        if number % 10_000 == 9_999:
            writer.flush()
    writer.close()
    frame = frames.iterations(tmp_path, timing="intended", most=500)

    assert len(frame) <= 500
    assert frame["duration"].max() == pytest.approx(9.0)
    assert np.histogram(frame["started"], bins=12, range=(0, 120))[0].min() >= 10
