"""SLA criteria know when further iterations can no longer help, and not before."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import open_loop, samples_of

from rallycross.judging.batch import Batch
from rallycross.judging.sla import CRITERIA
from rallycross.load.sample import Failure, Sample, State

MakeBatch = Callable[[Sequence[Sample]], Batch]

HOPES: dict[str, Any] = {
    "failure_rate": {"min": 20, "max": 50},
    "max_seconds_per_iteration": 3,
    "max_avg_duration": 1,
    "max_avg_duration_per_atomic": {"a": 1},
    "outliers": {},
    "performance_degradation": {"max_degradation": 100},
    "percentile": ["p(50) < 1 s", "p(90) < 2 s"],
    "throughput": {"min": 0.5},
    "error_budget": {"E": 30},
    "schedule": {"dropped": 20, "queued": 30, "late": 40},
    "leaked_resources": {"max": 0},
}


@settings(max_examples=60)
@given(
    shapes=st.lists(
        st.tuples(
            st.floats(0, 4), st.booleans(), st.sampled_from([State.RAN, State.QUEUED, State.DROPPED]), st.floats(0, 0.1)
        ),
        min_size=1,
        max_size=25,
    ),
    data=st.data(),
)
def test_what_is_hopeless_is_missed_in_the_end(
    shapes: list[tuple[float, bool, State, float]], data: st.DataObject, batch_of: MakeBatch
) -> None:
    """If a part of a load is hopeless, the whole load misses the criterion."""
    samples = [
        Sample(n, 0, float(n), n + late, n + late + took, failure=Failure("E", "e") if fails else None, state=state)
        for n, (took, fails, state, late) in enumerate(shapes)
    ]
    cut = data.draw(st.integers(0, len(samples)))
    expected = data.draw(st.sampled_from([None, len(samples)]))
    for name, argument in HOPES.items():
        criterion = CRITERIA[name](argument)
        criterion.add(batch_of(samples[:cut]))
        hopeless = criterion.hopeless(expected)
        criterion.add(batch_of(samples[cut:]))
        if hopeless:
            assert not criterion.close().passed, name


@pytest.mark.parametrize(
    ("name", "argument", "expected", "hopeless"),
    [
        ("failure_rate", {"max": 0}, None, True),
        ("failure_rate", {"max": 10}, None, False),
        ("failure_rate", {"max": 10}, 10, False),
        ("failure_rate", {"max": 10}, 9, True),
        ("failure_rate", {"min": 50}, 10, False),  # Rally would stop at the first iteration that succeeds
        ("failure_rate", {"min": 50}, 5, True),
        ("max_seconds_per_iteration", 99, None, True),
        ("max_avg_duration", 1, 7, False),
        ("max_avg_duration", 1, 6, True),
        ("percentile", "p(50) < 1 s", 8, False),
        ("percentile", "p(50) < 1 s", 6, True),
        ("throughput", {"min": 0.1}, 11, False),
        ("throughput", {"min": 0.1}, 10, True),
        ("error_budget", {"E": 0}, None, True),
    ],
)
def test_hope_ends_exactly_when_no_further_iteration_could_help(
    name: str, argument: Any, expected: int | None, hopeless: bool, batch_of: MakeBatch
) -> None:
    """After three iterations of 2 s and a failed one of 100 s, each criterion is hopeless from the right limit on."""
    criterion = CRITERIA[name](argument)
    criterion.add(batch_of(samples_of(2.0, 2.0, 2.0, failing=1)))

    assert criterion.hopeless(expected) is hopeless


@pytest.mark.parametrize(
    ("argument", "expected", "hopeless"),
    [
        ({"dropped": 9}, 10, True),
        ({"dropped": 10}, 10, False),
        ({"dropped": 9}, 20, False),
        ({"dropped": 9}, 5, True),  # ten were due already
        ({"dropped": 9}, None, False),
        ({"queued": 10}, 19, True),
        ({"queued": 10}, 20, False),
        ({"late": 0}, None, True),
        ({"late": 0}, 1000, True),
        ({"dropped": 50, "late": 1}, 99, True),
        ({"dropped": 50, "late": 1}, 100, False),
    ],
)
def test_a_schedule_is_hopeless_when_all_that_is_to_come_in_time_is_too_little(
    argument: dict[str, Any], expected: int | None, hopeless: bool, batch_of: MakeBatch
) -> None:
    """A schedule is hopeless if even punctual further iterations leave a share too high."""
    criterion = CRITERIA["schedule"](argument)
    criterion.add(batch_of(open_loop()))

    assert criterion.hopeless(expected) is hopeless


@pytest.mark.parametrize("expected", [None, 2, 1000])
@pytest.mark.parametrize(("limit", "hopeless"), [(100, True), (199, True), (200, False)])
def test_a_degradation_only_grows(limit: float, hopeless: bool, expected: int | None, batch_of: MakeBatch) -> None:
    """After 1 s and 3 s a limit below 200 % is hopeless; failures do not count."""
    criterion = CRITERIA["performance_degradation"]({"max_degradation": limit})
    criterion.add(batch_of(samples_of(1.0, 3.0, failing=1)))

    assert criterion.hopeless(expected) is hopeless


def test_a_loop_without_a_schedule_is_never_hopeless(batch_of: MakeBatch) -> None:
    """The criterion `schedule` is never hopeless in a closed loop."""
    criterion = CRITERIA["schedule"]({"dropped": 0, "late": 0, "queued": 0})
    criterion.add(batch_of(samples_of(1.0, failing=1)))

    assert criterion.hopeless(None) is criterion.hopeless(2) is False
