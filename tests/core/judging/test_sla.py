"""SLA criteria judge by Rally's rules, and complain about arguments that mean nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rallycross.judging.batch import Batch
from rallycross.judging.sla import CRITERIA
from rallycross.load.sample import Failure, Sample

MakeBatch = Callable[[Sequence[Sample]], Batch]


def _samples(*durations: float, failing: int = 0) -> list[Sample]:
    """Return iterations of these durations, and as many that fail after 100 s."""
    made = [Sample(number, 0, None, 0.0, duration) for number, duration in enumerate(durations)]
    return made + [Sample(1000 + number, 0, None, 0.0, 100.0, failure=Failure("E", "e")) for number in range(failing)]


@pytest.mark.parametrize(
    ("argument", "failing", "passed"),
    [
        ({"max": 0}, 0, True),
        ({"max": 0}, 1, False),
        ({"max": 25}, 1, True),
        ({"max": 24.9}, 1, False),
        ({"min": 25}, 1, True),
        ({"min": 25.1}, 1, False),
        ({"min": 10, "max": 90}, 1, True),
        ({"min": 1}, 0, False),
    ],
)
def test_failure_rate_counts_what_failed(
    argument: dict[str, float], failing: int, passed: bool, batch_of: MakeBatch
) -> None:
    """Both limits belong to what is allowed; the share is of all iterations."""
    criterion = CRITERIA["failure_rate"](argument)
    criterion.add(batch_of(_samples(*[1.0] * (4 - failing), failing=failing)))
    row = criterion.close()

    assert row.passed is passed
    assert f"{failing} of 4" in row.detail


@pytest.mark.parametrize(
    ("limit", "durations", "failing", "passed"),
    [
        (2, (1.0, 3.0), 0, True),
        (1.999, (1.0, 3.0), 0, False),
        (2, (1.0, 3.0), 5, True),
        (2, (), 3, True),
    ],
)
def test_max_avg_duration_does_not_count_what_failed(
    limit: float, durations: tuple[float, ...], failing: int, passed: bool, batch_of: MakeBatch
) -> None:
    """The mean may reach the limit; where nothing went well there is no mean to be too long."""
    criterion = CRITERIA["max_avg_duration"](limit)
    criterion.add(batch_of(_samples(*durations, failing=failing)))

    assert criterion.close().passed is passed


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("failure_rate", {}, "mapping"),
        ("failure_rate", 5, "mapping"),
        ("failure_rate", {"maximum": 5}, "maximum"),
        ("failure_rate", {"max": 101}, "0 to 100"),
        ("failure_rate", {"max": True}, "number"),
        ("failure_rate", {"max": float("nan")}, "number"),
        ("failure_rate", {"min": 6, "max": 5}, "above"),
        ("max_avg_duration", 0, "above 0"),
        ("max_avg_duration", "3", "number"),
        ("max_avg_duration", None, "number"),
        ("max_avg_duration", float("inf"), "number"),
    ],
)
def test_an_argument_without_meaning_is_complained_about(name: str, argument: Any, words: str) -> None:
    """The complaint says what is wanted."""
    assert words in (CRITERIA[name].complain(argument) or "")


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("failure_rate", {"max": 0}),
        ("failure_rate", {"min": 0, "max": 100.0}),
        ("max_avg_duration", 3),
        ("max_avg_duration", 0.5),
    ],
)
def test_an_argument_with_meaning_is_not(name: str, argument: Any) -> None:
    """What Rally takes is taken."""
    assert CRITERIA[name].complain(argument) is None


def test_a_row_may_be_asked_for_again_after_more_samples(batch_of: MakeBatch) -> None:
    """Closing ends nothing, so a live display can close once a second."""
    criterion = CRITERIA["failure_rate"]({"max": 0})
    criterion.add(batch_of(_samples(1.0)))
    before = criterion.close()
    criterion.add(batch_of(_samples(failing=1)))

    assert (before.passed, criterion.close().passed) == (True, False)
