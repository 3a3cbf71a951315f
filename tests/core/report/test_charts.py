"""Charts, also of few or unusual values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.judging.distribution import distribution
from rallycross.load.histogram import Histogram, nanoseconds
from rallycross.report import charts


@given(durations=st.lists(st.floats(0, 1000), min_size=1, max_size=200))
def test_a_distribution_counts_every_iteration_once(durations: list[float]) -> None:
    """Whatever the distribution, no value is lost, no bar is below zero, and there are few bars."""
    histogram = Histogram()
    histogram.add(nanoseconds(np.array(durations)))
    bars = charts.distribution(distribution(histogram) or {}, {})["data"][0]

    assert sum(bars["y"]) == len(durations)
    assert all(middle >= 0 for middle in bars["x"])
    assert len(bars["x"]) <= 60


@pytest.mark.parametrize(("duration", "unit", "shown"), [(0.05, "milliseconds", 50.0), (2.0, "seconds", 2.0)])
def test_latency_is_drawn_in_a_unit_that_suits_it(duration: float, unit: str, shown: float) -> None:
    """Durations below one second are in milliseconds."""
    frame = pd.DataFrame({"iteration": [0], "started": [0.0], "duration": [duration], "failed": [False]})
    figure = charts.latency(frame)

    assert figure["layout"]["yaxis"]["title"]["text"] == unit
    assert figure["data"][0]["y"] == [shown]


def test_steps_that_had_been_done_before_are_not_drawn() -> None:
    """A second deployment, which skips most steps, has a chart of the others."""
    steps = pd.DataFrame(
        {"name": ["a", "b"], "status": ["skipped", "done"], "start": [0.0, 1.0], "seconds": [0.0, 2.0]}
    )

    assert charts.gantt(steps)["data"][0]["y"] == ["b"]
    assert charts.gantt(steps[:1])["data"][0]["y"] == []
