"""The SLA criteria follow Rally's rules and reject invalid arguments."""

import json
import statistics as textbook
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import open_loop, samples_of

from rallycross.judging.batch import Batch
from rallycross.judging.sla import CRITERIA
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.sla_row import SlaRow

MakeBatch = Callable[[Sequence[Sample]], Batch]


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
    """The share of failures is of all iterations, and both limits are inclusive."""
    criterion = CRITERIA["failure_rate"](argument)
    criterion.add(batch_of(samples_of(*[1.0] * (4 - failing), failing=failing)))
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
    """The mean may equal the limit; without successful iterations the criterion passes."""
    criterion = CRITERIA["max_avg_duration"](limit)
    criterion.add(batch_of(samples_of(*durations, failing=failing)))

    assert criterion.close().passed is passed


def _row(name: str, argument: Any, batch: Batch) -> SlaRow:
    criterion = CRITERIA[name](argument)
    criterion.add(batch)
    return criterion.close()


@pytest.mark.parametrize(
    ("limit", "failing", "passed"), [(3, 0, True), (2.999, 0, False), (99, 1, False), (100, 1, True)]
)
def test_max_seconds_per_iteration_counts_what_failed(
    limit: float, failing: int, passed: bool, batch_of: MakeBatch
) -> None:
    """Failed iterations count, unlike in the means, as in Rally."""
    row = _row("max_seconds_per_iteration", limit, batch_of(samples_of(1.0, 3.0, failing=failing)))

    assert row.passed is passed


def test_max_avg_duration_per_atomic_follows_rally(batch_of: MakeBatch) -> None:
    """Top-level actions of successful iterations count; an action that never ran passes."""
    samples = [
        Sample(
            0, 0, None, 0.0, 9.0, actions=[Action("a", 0, 0.0, 2.0), Action("b", 1, 0.0, 50.0), Action("a", 0, 2, 6)]
        ),
        Sample(1, 0, None, 0.0, 9.0, failure=Failure("E", "e"), actions=[Action("a", 0, 0.0, 99.0)]),
    ]
    batch = batch_of(samples)

    assert _row("max_avg_duration_per_atomic", {"a": 3}, batch).passed
    assert not _row("max_avg_duration_per_atomic", {"a": 2.99}, batch).passed
    nested = _row("max_avg_duration_per_atomic", {"b": 1, "no_such": 0.1}, batch)
    assert nested.passed
    assert "no_such: never ran" in nested.detail


@pytest.mark.parametrize(
    ("durations", "argument", "outliers"),
    [
        ([1.0, 1.1, 0.9, 5.0], {}, 1),
        ([5.0, 1.0, 1.1, 0.9], {}, 0),
        ([1.0, 1.0, 1.5], {}, 1),  # no deviation yet: whatever is longer stands out
        ([1.0, 1.0, 1.5], {"min_iterations": 4}, 0),
        ([1.0, 1.1, 0.9, 1.2, 1.3], {"sigmas": 1.0}, 2),
        ([1.0, 1.1, 0.9, 5.0, 5.0, 9.0], {}, 1),  # the first raises what the others are held against
    ],
)
def test_outliers_are_held_against_what_came_before(
    durations: list[float], argument: dict[str, Any], outliers: int, batch_of: MakeBatch
) -> None:
    """The same durations in another order can have another number of outliers, as in Rally."""
    row = _row("outliers", {**argument, "max": outliers}, batch_of(samples_of(*durations)))

    assert row.passed
    assert row.detail.startswith(f"{outliers} of {len(durations)} ")
    if outliers:
        assert not _row("outliers", {**argument, "max": outliers - 1}, batch_of(samples_of(*durations))).passed


def _outliers_as_rally(durations: list[float], sigmas: float) -> int:
    """Count them by the letter of Rally's rule, with the textbook's mean and deviation."""
    return sum(
        duration > textbook.fmean(durations[:place]) + sigmas * textbook.stdev(durations[:place])
        for place, duration in enumerate(durations)
        if place >= 2
    )


@settings(max_examples=40)
@given(milliseconds=st.lists(st.integers(1, 4000), max_size=60), sigmas=st.sampled_from([0.7, 1.3, 2.9]))
def test_outliers_of_any_run_are_those_of_rally(milliseconds: list[int], sigmas: float, batch_of: MakeBatch) -> None:
    """For any durations, the number of outliers is that of Rally's rule."""
    seconds = [one / 1000 for one in milliseconds]
    row = _row("outliers", {"sigmas": sigmas}, batch_of(samples_of(*seconds)))

    assert row.detail.startswith(f"{_outliers_as_rally(seconds, sigmas)} of ")


def test_outliers_of_a_long_run_are_found_in_bounded_memory(batch_of: MakeBatch) -> None:
    """All ten outliers of twenty thousand iterations are found."""
    samples = samples_of(*[1.0 + 0.001 * (number % 7) + 5.0 * (number % 2000 == 1999) for number in range(20_000)])
    criterion = CRITERIA["outliers"]({"max": 10, "sigmas": 4.0})
    criterion.add(batch_of(samples))

    assert criterion.close().detail.startswith("10 of 20000 ")
    assert len(list(criterion.steps)) <= 4096  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("durations", "limit", "passed"), [((1.0, 1.5), 50, True), ((1.0, 1.5), 49.9, False), ((), 0, True)]
)
def test_performance_degradation_is_of_the_slowest_from_the_fastest(
    durations: tuple[float, ...], limit: float, passed: bool, batch_of: MakeBatch
) -> None:
    """Failures do not count; without successful iterations the criterion passes."""
    row = _row("performance_degradation", {"max_degradation": limit}, batch_of(samples_of(*durations, failing=1)))

    assert row.passed is passed


def test_an_iteration_of_no_time_does_not_end_the_judging(batch_of: MakeBatch) -> None:
    """An iteration of no duration gives a very large degradation, and not an error as in Rally."""
    assert not _row("performance_degradation", {"max_degradation": 1000}, batch_of(samples_of(0.0, 1.0))).passed


@pytest.mark.parametrize(
    ("argument", "passed"),
    [
        ("p(50) < 800ms", True),
        ("p ( 50 )<=.5s", None),  # no number
        (["p(50) < 0.6 s", "p(100) <= 2s"], True),
        ("p(100) < 2s", False),
        ("p(100) <= 2 s", True),
        ({"total": "p(95) < 0.5 min", "boot": ["p(50) < 300ms", "p(99) < 5s"]}, True),
        ({"boot": "p(50) < 100 us"}, False),
        ({"no_such": "p(50) < 5s"}, False),
    ],
)
def test_percentile_reads_conditions(argument: Any, passed: bool | None, batch_of: MakeBatch) -> None:
    """Conditions are about the total or an action; a misspelt name fails."""
    if passed is None:
        assert "write `p(95) < 800ms`" in (CRITERIA["percentile"].complain(argument) or "")
        return
    assert CRITERIA["percentile"].complain(argument) is None
    samples = samples_of(0.5, 0.5, 0.5, 2.0)
    for sample in samples:
        sample.actions = [Action("boot", 0, 0.0, 0.2)]
    assert _row("percentile", argument, batch_of(samples)).passed is passed


@pytest.mark.parametrize(("least", "passed"), [(1.5, True), (1.51, False)])
def test_throughput_counts_what_succeeded(least: float, passed: bool, batch_of: MakeBatch) -> None:
    """Failed iterations do not count in the throughput."""
    samples = [Sample(number, 0, None, float(number % 2), 1.0 + number % 2) for number in range(4)]
    samples[0].failure = Failure("E", "e")

    assert _row("throughput", {"min": least}, batch_of(samples)).passed is passed


@pytest.mark.parametrize(
    ("budget", "passed"),
    [
        ({"ApiError": "30 %"}, True),
        ({"ApiError": 29.9}, False),
        ({"ApiError 5xx": "20%"}, True),
        ({"ApiError 503": "10 %"}, True),
        ({"ApiError 4xx": 0}, False),
        ({"ApiError 5xx": 20, "*": 20}, True),
        ({"ApiError 5xx": 20, "*": 19}, False),
        ({"TimedOut": 10, "HttpException 500": 0}, True),
    ],
)
def test_an_error_budget_is_by_kind_and_status(budget: dict[str, Any], passed: bool, batch_of: MakeBatch) -> None:
    """Failures count by kind and status; `*` is for failures without a budget of their own."""
    samples = samples_of(*[1.0] * 10)
    for place, (kind, message) in enumerate(
        [
            ("ApiError", "GET http://127.0.0.1:8774/v2.1/servers: 503 busy"),
            ("ApiError", "POST http://127.0.0.1:8774/: 500 broken"),
            ("ApiError", "GET http://127.0.0.1:8774/: 404 gone"),
            ("TimedOut", "took longer than 500 s"),
        ]
    ):
        samples[place].failure = Failure(kind, message)
    assert CRITERIA["error_budget"].complain(budget) is None
    assert _row("error_budget", budget, batch_of(samples)).passed is passed


@pytest.mark.parametrize(
    ("argument", "passed"),
    [
        ({"dropped": 10}, True),
        ({"dropped": "9.9 %"}, False),
        ({"queued": 20, "late": 10}, True),
        ({"queued": 19}, False),
        ({"late": 0}, False),
    ],
)
def test_a_schedule_is_judged_by_shares_of_what_was_due(
    argument: dict[str, Any], passed: bool, batch_of: MakeBatch
) -> None:
    """Queued iterations do not count as late."""
    assert _row("schedule", argument, batch_of(open_loop())).passed is passed
    assert _row("schedule", argument, batch_of(samples_of(1.0))).passed


@pytest.mark.parametrize(
    ("contexts", "passed", "words"),
    [
        ([{"plugin_name": "cleanup@openstack", "cleanup": {"deleted": {"nova.servers": 2}}}], True, "2 nova.servers"),
        (
            [{"plugin_name": "cleanup", "cleanup": {"deleted": {"nova.servers": 2, "cinder.volumes": 1}}}],
            False,
            "3 left",
        ),
        ([{"plugin_name": "users", "cleanup": {"deleted": {"keystone.users": 9}}}], False, "the context `cleanup`"),
        ([{"plugin_name": "admin_cleanup", "cleanup": {"error": "403"}}], False, "cleaning up failed: 403"),
        ([{"plugin_name": "cleanup"}], False, "cleaning up failed"),
        ([{"plugin_name": "cleanup", "cleanup": {"deleted": {}, "error": None}}], True, "0 left"),
    ],
)
def test_leaked_resources_are_what_cleaning_had_to_delete(
    contexts: list[dict[str, Any]], passed: bool, words: str
) -> None:
    """Only deletions of `cleanup` and `admin_cleanup` count; without either the criterion is missed."""
    criterion = CRITERIA["leaked_resources"]({"max": 2})
    criterion.learn(contexts)
    row = criterion.close()

    assert row.passed is passed
    assert words in row.detail


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
        ("max_seconds_per_iteration", -1, "above 0"),
        ("max_avg_duration_per_atomic", 5, "nova.boot_server: 10"),
        ("max_avg_duration_per_atomic", {"a": "x"}, "`a`"),
        ("outliers", {"max": -1}, "0 or more"),
        ("outliers", {"min_iterations": 2}, "3 or more"),
        ("outliers", {"sigmas": 0}, "above 0"),
        ("outliers", {"sigma": 1}, "no sigma"),
        ("outliers", 3, "mapping"),
        ("performance_degradation", {}, "max_degradation"),
        ("performance_degradation", {"max_degradation": -1}, "0 or more"),
        ("percentile", 5, "p(95) < 800ms"),
        ("percentile", "p95 < 1s", "p(95) < 800ms"),
        ("percentile", "p(95) < 800", "with its unit"),
        ("percentile", "p(95) > 1s", "`<` or `<=`"),
        ("percentile", "p(950) < 1s", "p(100)"),
        ("percentile", {"total": [3]}, "not a condition"),
        ("percentile", [], "must be"),
        ("throughput", 5, "`min`"),
        ("throughput", {"min": 0}, "above 0"),
        ("error_budget", [], "ApiError 5xx"),
        ("error_budget", {"ApiError 9xx": 1}, "not a class of errors"),
        ("error_budget", {"ApiError": "many"}, "1 %"),
        ("error_budget", {"* 5xx": 1}, "not a class of errors"),
        ("schedule", {"missed": 1}, "no missed"),
        ("schedule", {"late": 200}, "0 to 100"),
        ("leaked_resources", 0, "`max`"),
        ("leaked_resources", {"max": 0.5}, "whole number"),
    ],
)
def test_an_argument_without_meaning_is_complained_about(name: str, argument: Any, words: str) -> None:
    """The complaint about an invalid argument says what is required."""
    assert words in (CRITERIA[name].complain(argument) or "")


@given(
    argument=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8) | st.integers(), inner),
    )
)
def test_no_argument_is_too_strange_to_be_complained_about(argument: Any) -> None:
    """Any YAML value is either rejected with a complaint or makes a criterion."""
    for kind in CRITERIA.all.values():
        if kind.complain(argument) is None:
            kind(argument)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("failure_rate", {"max": 0}),
        ("failure_rate", {"min": 0, "max": 100.0}),
        ("max_avg_duration", 3),
        ("max_avg_duration", 0.5),
        ("max_avg_duration_per_atomic", {"nova.boot_server": 10, "nova.delete_server": 0.5}),
        ("outliers", {}),
        ("outliers", {"max": 1, "min_iterations": 10, "sigmas": 10}),
        ("performance_degradation", {"max_degradation": 50}),
        ("leaked_resources", {"max": 0}),
    ],
)
def test_an_argument_with_meaning_is_not(name: str, argument: Any) -> None:
    """Arguments that Rally accepts are accepted."""
    assert CRITERIA[name].complain(argument) is None


# Made runs, and what the SLA classes of Rally 5.1.1 said; an iteration is [duration, failed, [[action, duration]]].
RALLY = json.loads(Path(__file__).with_name("rally_verdicts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", RALLY, ids=range(len(RALLY)))
def test_verdicts_are_those_of_rally(case: dict[str, Any], batch_of: MakeBatch) -> None:
    """All six criteria give Rally's verdicts on runs with failures, long tails and no iterations."""
    batch = batch_of(
        [
            Sample(
                number,
                0,
                None,
                0.0,
                duration,
                failure=Failure("E", "e") if failed else None,
                actions=[Action(name, 0, 0.0, seconds) for name, seconds in actions],
            )
            for number, (duration, failed, actions) in enumerate(case["iterations"])
        ]
    )
    said = dict(case["rally"])
    outliers = said.pop("outliers found")
    rows = {name: _row(name, argument, batch) for name, argument in case["sla"].items()}

    assert {name: row.passed for name, row in rows.items()} == said
    assert rows["outliers"].detail.startswith(f"{outliers} of ")


def test_a_row_may_be_asked_for_again_after_moresamples_of(batch_of: MakeBatch) -> None:
    """A row can be requested before and after further samples."""
    criterion = CRITERIA["failure_rate"]({"max": 0})
    criterion.add(batch_of(samples_of(1.0)))
    before = criterion.close()
    criterion.add(batch_of(samples_of(failing=1)))

    assert (before.passed, criterion.close().passed) == (True, False)
