"""Figures from samples: correct, and independent of how a load is split."""

import json
import math
import statistics as textbook
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallycross.judging.batch import Batch
from rallycross.judging.failures import Failures, normalised
from rallycross.judging.sla import CRITERIA
from rallycross.judging.statistics import Statistics
from rallycross.load.sample import Action, Failure, Sample, State
from rallycross.results.workload_figures import FailureGroup, WorkloadFigures, from_document, to_document

MakeBatch = Callable[[Sequence[Sample]], Batch]


def _figures(*batches: Batch) -> WorkloadFigures:
    fold = Statistics()
    for batch in batches:
        fold.add(batch)
    return fold.close()


@st.composite
def _samples(draw: st.DrawFn) -> list[Sample]:
    made = []
    for iteration in range(draw(st.integers(0, 30))):
        started = draw(st.floats(0, 5000))
        actions, at = [], started
        for name in draw(st.lists(st.sampled_from(["boot", "attach", "delete"]), max_size=3)):
            ended = at + draw(st.floats(0, 20))
            actions.append(Action(name, draw(st.integers(0, 1)), at, ended, failed=draw(st.booleans())))
            at = ended
        failure = draw(
            st.none()
            | st.builds(Failure, st.sampled_from("AB"), st.sampled_from(["no 1.5", "no 2.5", "odd"]), st.text())
        )
        due = draw(st.none() | st.floats(0, 10).map(lambda early, started=started: started - early))
        state = draw(st.sampled_from(State))
        idle = draw(st.floats(0, 1))
        made.append(Sample(iteration, 0, due, started, at, idle, failure, actions, state))
    return made


# Arguments that lie in the midst of what the samples come to.
SLA: dict[str, Any] = {
    "failure_rate": {"max": 20},
    "max_seconds_per_iteration": 15,
    "max_avg_duration": 3,
    "max_avg_duration_per_atomic": {"boot": 10, "attach": 8},
    "outliers": {"max": 1, "sigmas": 1.5},
    "performance_degradation": {"max_degradation": 500},
    "percentile": {"total": ["p(50) < 5s", "p(95) <= 12s"], "delete": "p(90) < 15s"},
    "throughput": {"min": 0.005},
    "error_budget": {"A": "10 %", "*": 5},
    "schedule": {"dropped": 20, "late": "40 %", "queued": 30},
    "leaked_resources": {"max": 0},
}


@given(samples=_samples(), data=st.data())
def test_any_split_into_shards_gives_what_the_whole_gives(
    samples: list[Sample], data: st.DataObject, batch_of: MakeBatch
) -> None:
    """Samples split into three folds and merged in any order give the same figures."""
    criteria = SLA
    whole = Statistics()
    whole.add(batch_of(samples))
    rows = [CRITERIA[name](argument) for name, argument in criteria.items()]
    for row in rows:
        row.add(batch_of(samples))
    shards: list[list[Sample]] = [[], [], []]
    for sample in data.draw(st.permutations(samples)):
        shards[data.draw(st.integers(0, 2))].append(sample)
    merged = Statistics()
    merged_rows = [CRITERIA[name](argument) for name, argument in criteria.items()]
    for shard in data.draw(st.permutations(shards)):
        part = Statistics()
        part.add(batch_of(shard))
        merged.merge(part)
        for (name, argument), row in zip(criteria.items(), merged_rows, strict=True):
            other = CRITERIA[name](argument)
            other.add(batch_of(shard))
            row.merge(other)

    assert criteria.keys() == CRITERIA.all.keys()
    assert merged.close() == whole.close()
    assert [row.close() for row in merged_rows] == [row.close() for row in rows]
    assert [row.hopeless(40) for row in merged_rows] == [row.hopeless(40) for row in rows]


@settings(max_examples=20)
@given(samples=_samples())
def test_figures_that_are_kept_read_back_as_they_were(samples: list[Sample], batch_of: MakeBatch) -> None:
    """Figures survive the conversion to their JSON document and back."""
    figures = _figures(batch_of(samples))

    document = json.loads(json.dumps(to_document(figures), allow_nan=False))

    assert document["version"] == 2
    assert from_document(document) == (figures, [])


def test_durations_are_true_and_leave_out_pauses_and_failures(batch_of: MakeBatch) -> None:
    """Percentiles are interpolated; failures are counted and not timed."""
    samples = [Sample(i, 0, None, 0.0, float(i + 1) + 0.5, idle=0.5) for i in range(100)]
    samples.append(Sample(100, 0, None, 0.0, 1000.0, failure=Failure("E", "e")))
    total = _figures(batch_of(samples)).total
    durations = [float(number) for number in range(1, 101)]

    assert (total.name, total.count, total.failed) == ("total", 101, 1)
    assert (total.min, total.max) == (1.0, 100.0)
    assert [total.durations[name] for name in ("p50", "p90", "p95", "p99")] == pytest.approx(
        [50.5, 90.1, 95.05, 99.01], rel=0.001
    )
    assert total.avg == pytest.approx(textbook.fmean(durations))
    assert total.std == pytest.approx(textbook.stdev(durations))


def test_actions_come_in_the_order_in_which_an_iteration_meets_them(batch_of: MakeBatch) -> None:
    """Actions are distinguished by depth, and are in the order of their first occurrence."""
    boot, wait = Action("boot", 0, 0.0, 2.0), Action("wait", 1, 1.0, 2.0)
    delete, again = Action("delete", 0, 2.0, 3.0), Action("wait", 0, 3.0, 3.5)
    samples = [
        Sample(0, 0, None, 0.0, 2.0, actions=[boot, wait]),
        Sample(1, 0, None, 0.0, 3.5, actions=[boot, wait, delete, again]),
    ]
    rows = _figures(batch_of(samples[1:]), batch_of(samples[:1])).actions

    assert [(row.name, row.depth, row.count, row.avg) for row in rows] == [
        ("boot", 0, 2, 2.0),
        ("wait", 1, 2, 1.0),
        ("delete", 0, 1, 1.0),
        ("wait", 0, 1, 0.5),
    ]


def test_an_action_that_always_failed_has_no_durations(batch_of: MakeBatch) -> None:
    """An action that always failed has a count, and None as durations."""
    sample = Sample(0, 0, None, 0.0, 1.0, failure=Failure("E", "e"), actions=[Action("boot", 0, 0.0, 1.0, failed=True)])
    row = _figures(batch_of([sample])).actions[0]

    assert (row.count, row.failed, row.p50, row.avg) == (1, 1, None, None)


def test_throughput_is_over_the_time_from_the_first_start_to_the_last_end(batch_of: MakeBatch) -> None:
    """The time before the first start does not count; failures are counted separately."""
    samples = [Sample(i, 0, None, 10.0 + i, 11.0 + i) for i in range(4)]
    samples[0].failure = Failure("E", "e")
    figures = _figures(batch_of(samples))

    assert (figures.seconds, figures.throughput, figures.throughput_succeeded) == (4.0, 1.0, 0.75)


def test_nothing_measured_has_figures_too() -> None:
    """Figures of no samples are 0, or None where 0 would be wrong."""
    figures = Statistics().close()

    assert (figures.count, figures.seconds, figures.throughput) == (0, 0.0, None)
    assert (figures.total.count, figures.total.p95) == (0, None)
    assert figures.failures == ()
    assert figures.timeline.count == ()


def test_failures_of_one_cause_are_one_group_with_the_earliest_as_its_example(batch_of: MakeBatch) -> None:
    """Failures that differ in ids are one group, and those that differ in the status code are not."""
    uuid = "3e1c0a52-0000-4000-8000-00000000000"
    samples = [
        Sample(
            i,
            0,
            None,
            float(i),
            i + 0.5,
            failure=Failure("NotFound", f"Server {uuid}{i} is gone", f"at {i}", f"req-{i}"),
        )
        for i in range(3)
    ]
    samples.append(Sample(3, 0, None, 3.0, 9.0, failure=Failure("Http", "answered 500")))
    samples.append(Sample(4, 0, None, 3.0, 9.0, failure=Failure("Http", "answered 503")))
    first, *others = _figures(batch_of(samples[2:]), batch_of(samples[:2])).failures

    assert first == FailureGroup(
        kind="NotFound",
        message="Server <uuid> is gone",
        count=3,
        first=0.5,
        last=2.5,
        iteration=0,
        example=f"Server {uuid}0 is gone",
        detail="at 0",
        request_id="req-0",
    )
    assert [other.message for other in others] == ["answered 500", "answered 503"]


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.uuids(), st.floats(0, 1e6), st.datetimes()), min_size=2, max_size=9)
)
def test_messages_that_differ_in_figures_alone_are_one_group(told: list[tuple[int, UUID, float, datetime]]) -> None:
    """Messages that differ only in figures, names and times are one group with an example."""
    messages = [
        f"POST http://10.0.0.7:8774/v2.1/servers: 403 Quota exceeded: requested {number}, {server} waited {seconds:.2f}"
        f" s at {at.isoformat()}"
        for number, server, seconds, at in told
    ]
    assert len({normalised(message) for message in messages}) == 1


def test_a_flood_of_causes_ends_in_one_row(batch_of: MakeBatch) -> None:
    """Fifty groups are shown, and the rest are counted."""
    words = [f"{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    samples = [Sample(i, 0, None, 0.0, 1.0, failure=Failure("E", word)) for i, word in enumerate(words)]
    groups = _figures(batch_of(samples)).failures

    assert len(groups) == 51
    assert (groups[-1].kind, groups[-1].message, groups[-1].count) == ("", "10 other causes", 10)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("req-3e1c0a52-0000-4000-8000-000000000001 failed", "<request> failed"),
        ("user 0123456789abcdef0123456789abcdef is gone", "user <id> is gone"),
        ("no route to 10.0.0.7:8774", "no route to <ip>"),
        ("object at 0x7f3a", "object at <address>"),
        ("took 3.25 s, limit 300", "took <n> s, limit <n>"),
        ("took 3.25s of 4,096MB", "took <n>s of <n>MB"),
        ("Requested 1, but already used 10 of 10 instances", "Requested <n>, but already used <n> of <n> instances"),
        ("at 2026-11-30T01:02:03.456Z and 01:02:03", "at <time> and <time>"),
        ("since 2026-11-30 01:02:03+00:00", "since <time>"),
        ("server s_rally_0badcafe_aB3dE5gH of port fa:16:3e:00:11:22", "server s_rally_<name> of port <mac>"),
        ("volume 9f3c81d0a7 on host-17", "volume <id> on host-<n>"),
        ("flavor m1.tiny of /v2.1/servers, ipv4", "flavor m1.tiny of /v2.1/servers, ipv4"),
        ("GET http://10.0.0.7:5000/v3/users/12: 404 no user 12", "GET http://<ip>/v3/users/<n>: 404 no user <n>"),
        ("Quota exceeded (HTTP 403)", "Quota exceeded (HTTP 403)"),
        ("ResourceNotFound: 404: Client Error for url", "ResourceNotFound: 404: Client Error for url"),
        ("[Errno 111] refused after 3 tries", "[Errno 111] refused after <n> tries"),
        ("GET x: answered 503, expected 200", "GET x: answered 503, expected 200"),
        ("its process ended with code -9 in test 7", "its process ended with code -9 in test <n>"),
        (" plain ", "plain"),
    ],
)
def test_a_message_is_freed_of_what_differs_each_time(message: str, expected: str) -> None:
    """Ids, names, addresses, times and figures are removed; codes and parts of names stay."""
    assert normalised(message) == expected


def test_the_timeline_counts_each_second_and_leaves_none_out(batch_of: MakeBatch) -> None:
    """A second without ends has a count of 0 and no latency."""
    samples = [Sample(0, 0, None, 0.0, 0.5), Sample(1, 0, None, 0.0, 0.9), Sample(2, 0, None, 1.0, 45.0)]
    samples[1].failure = Failure("E", "e")
    timeline = _figures(batch_of(samples)).timeline

    assert (timeline.width, len(timeline.at)) == (1, 46)
    assert timeline.count[:2] + timeline.count[-1:] == (2, 0, 1)
    assert (timeline.failed[0], sum(timeline.failed)) == (1, 1)
    assert timeline.mean[:2] + timeline.mean[-1:] == (0.5, None, 44.0)


@pytest.mark.parametrize(("seconds", "width"), [(0.6, 0.05), (9.0, 0.5), (41.0, 1), (1199.9, 1), (7200.0, 10)])
def test_the_timeline_has_as_many_steps_as_a_screen_can_show(seconds: float, width: float, batch_of: MakeBatch) -> None:
    """Short loads have steps below a second, long loads wider ones."""
    timeline = _figures(batch_of([Sample(0, 0, None, 0.0, seconds)])).timeline

    assert timeline.width == width
    assert math.isclose(timeline.at[-1], (len(timeline.at) - 1) * width)
    assert len(timeline.at) <= 1200


def test_a_flood_of_texts_is_counted_in_bounded_memory_however_it_is_split(batch_of: MakeBatch) -> None:
    """Of very many different messages a thousand groups are kept, independent of the order."""
    words = [f"w{''.join(chr(97 + int(digit)) for digit in f'{number:04d}')}" for number in range(1500)]
    samples = [Sample(i, 0, None, 0.0, 1.0 + i, failure=Failure("E", word)) for i, word in enumerate(words)]
    whole, backwards, half = Failures(), Failures(), Failures()
    whole.add(batch_of(samples))
    backwards.add(batch_of(samples[:700:-1]))
    half.add(batch_of(samples[700::-1]))
    backwards.merge(half)

    assert whole.close() == backwards.close()
    assert len(whole._groups) == 1000
    assert sum(group.count for group in whole.close()) == 1500


def test_percentiles_beyond_the_number_of_samples_are_not_made_up(batch_of: MakeBatch) -> None:
    """p99.9 needs a thousand samples, and p99.99 ten thousand."""
    rows = [_figures(batch_of([Sample(i, 0, None, 0.0, 1.0) for i in range(count)])).total for count in (999, 1000)]

    assert [(row.p99 is None, row.p99_9 is None, row.p99_99 is None) for row in rows] == [
        (False, True, True),
        (False, False, True),
    ]


def test_the_timeline_tells_of_each_action_over_time(batch_of: MakeBatch) -> None:
    """Top-level, successful actions are in the timeline, by the end of the iteration."""
    samples = [
        Sample(
            number,
            0,
            None,
            float(number),
            number + 0.9,
            actions=[
                Action("boot", 0, float(number), number + 0.1 * (1 + number // 30)),
                Action("wait", 1, float(number), number + 0.1),
                Action("delete", 0, float(number), number + 0.5, failed=True),
            ],
        )
        for number in range(60)
    ]
    actions = _figures(batch_of(samples)).timeline.actions

    assert list(actions.series) == ["boot"]
    assert (actions.width, len(actions.at)) == (1, 60)
    medians = actions.series["boot"].p50
    assert (medians[0], medians[-1]) == pytest.approx((0.1, 0.2), rel=0.001)


@settings(max_examples=30)
@given(ends=st.lists(st.floats(0, 2_000_000), min_size=1, max_size=40), data=st.data())
def test_steps_widen_by_the_whole_and_not_by_the_way(
    ends: list[float], data: st.DataObject, batch_of: MakeBatch
) -> None:
    """For any length and order of parts, the number of steps stays within the limit."""
    samples = [Sample(number, 0, None, 0.0, end) for number, end in enumerate(ends)]
    order = data.draw(st.permutations(samples))
    one_by_one = [_figures(*(batch_of([sample]) for sample in some)).timeline for some in (samples, order)]

    assert one_by_one[0] == one_by_one[1] == _figures(batch_of(samples)).timeline
    assert len(one_by_one[0].at) <= 1200
    assert sum(one_by_one[0].count) == len(samples)
