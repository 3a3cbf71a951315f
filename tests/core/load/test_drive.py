"""The load engine, in virtual time."""

import asyncio
import math
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from virtual_time import run_virtually

from rallycross.load.drive import Iterate, LoadEngine
from rallycross.load.iteration import Iteration
from rallycross.load.load import Load
from rallycross.load.pace import Pace, at_once
from rallycross.load.runners import RUNNERS
from rallycross.load.sample import Sample, State


async def a_second(_: Iteration) -> None:
    """Take a second."""
    await asyncio.sleep(1)


def driven(iterate: Iterate, load: Load, **more: Any) -> list[Sample]:
    """Return the samples of a load, driven in virtual time."""
    samples: list[Sample] = []

    async def main() -> None:
        await LoadEngine(iterate, load, samples.append, **more).run()

    run_virtually(main())
    return samples


def closed(times: int | None, workers: int, **more: Any) -> Load:
    """Return a closed loop."""
    return Load(at_once(times), workers=workers, total=times, **more)


def paced(pace: Pace, workers: int, **more: Any) -> Load:
    """Return an open loop."""
    return Load(pace, workers=workers, total=None, rate=1, **more)


def test_a_closed_loop_keeps_its_workers_busy() -> None:
    """Ten iterations of a second, four at a time, take three seconds, with unique numbers and no due times."""
    samples = driven(a_second, closed(10, 4))
    assert sorted(sample.iteration for sample in samples) == list(range(10))
    assert [sample.ended for sample in samples] == pytest.approx([1] * 4 + [2] * 4 + [3] * 2)
    assert {sample.due for sample in samples} == {None}
    assert not any(sample.failure for sample in samples)


def test_no_more_than_the_workers_run_at_a_time() -> None:
    """The largest number of parallel iterations is the number of workers."""
    running, most = 0, 0

    async def count(_: Iteration) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.5)
        running -= 1

    driven(count, closed(50, 7))
    assert most == 7


def test_a_paced_loop_starts_when_due_and_keeps_the_due_time() -> None:
    """Iterations start when due, or are queued without a free worker; durations count from the due time."""
    samples = driven(a_second, paced(lambda n: n * 0.5 if n < 4 else None, 1))
    assert [sample.due for sample in samples] == [0, 0.5, 1, 1.5]
    assert [sample.started for sample in samples] == pytest.approx([0, 1, 2, 3])
    assert [sample.state for sample in samples] == [State.RAN, State.QUEUED, State.QUEUED, State.QUEUED]
    assert [sample.duration for sample in samples] == pytest.approx([1, 1.5, 2, 2.5])


def test_what_is_due_while_all_are_busy_may_be_dropped() -> None:
    """With `when_busy: drop`, an iteration without a free worker gets a sample without duration."""
    samples = driven(a_second, paced(lambda n: n * 0.4 if n < 6 else None, 1, when_busy="drop"))
    assert [(sample.iteration, sample.state) for sample in samples] == [
        (0, State.RAN),
        (1, State.DROPPED),
        (2, State.DROPPED),
        (3, State.RAN),
        (4, State.DROPPED),
        (5, State.DROPPED),
    ]
    assert [sample.started for sample in samples if sample.state is State.RAN] == pytest.approx([0, 1.2])
    assert all(sample.started == sample.ended == sample.due for sample in samples if sample.state is State.DROPPED)


class Stalling:
    """Iterations of a hundredth of a second, one of which keeps the whole loop for a while, as a busy machine does."""

    def __init__(self, at: int, seconds: float) -> None:
        self.at, self.seconds = at, seconds

    async def __call__(self, iteration: Iteration) -> None:
        """Run one."""
        await asyncio.sleep(0.01)
        if iteration.number == self.at:
            asyncio.get_running_loop().now += self.seconds


@pytest.mark.parametrize("when_busy", ["drop", "queue"])
def test_what_a_stall_makes_late_is_late_and_neither_dropped_nor_queued(when_busy: Any) -> None:
    """With free workers, an iteration that a stall delayed runs, and its sample has the delay."""
    samples = driven(Stalling(50, 0.3), paced(lambda n: n * 0.005 if n < 200 else None, 1000, when_busy=when_busy))
    assert {sample.state for sample in samples} == {State.RAN}
    assert 0.2 < max(sample.started - sample.due for sample in samples) < 0.35
    assert len(samples) == 200


def test_what_a_stall_makes_late_is_dropped_where_there_is_no_worker_for_it() -> None:
    """Without enough workers, the backlog of a stall is dropped and not run ever later."""
    samples = driven(Stalling(10, 0.3), paced(lambda n: n * 0.02 if n < 50 else None, 1, when_busy="drop"))
    late = [sample for sample in samples if sample.state is State.RAN and sample.started - sample.due > 0.01]
    assert len(late) <= 2
    assert any(sample.state is State.DROPPED for sample in samples)


def test_a_cancellation_of_the_scenarios_own_is_a_failure_and_keeps_its_worker() -> None:
    """A scenario that cancels itself fails, and its worker runs the next iteration."""

    async def give_up(iteration: Iteration) -> None:
        if iteration.number == 1:
            raise asyncio.CancelledError

    samples = driven(give_up, closed(4, 1))
    assert [sample.failure.kind if sample.failure else None for sample in samples] == [
        None,
        "CancelledError",
        None,
        None,
    ]


def test_an_action_that_is_still_open_ends_with_its_iteration_as_failed() -> None:
    """An action that is still open on a thread when its iteration times out has failed."""
    done = threading.Event()

    def slow(iteration: Iteration) -> None:
        with iteration.action("slow"):
            done.wait(20)

    async def iterate(iteration: Iteration) -> None:
        await asyncio.get_running_loop().run_in_executor(None, slow, iteration)

    samples: list[Sample] = []

    async def main() -> None:
        await LoadEngine(iterate, closed(1, 1, timeout=0.2), samples.append).run()
        [sample] = samples
        [action] = sample.actions
        assert (action.failed, action.ended) == (True, sample.ended)
        done.set()

    asyncio.run(main())
    assert samples[0].failure.kind == "TimedOut"


def test_an_open_loop_takes_on_workers_as_it_needs_them() -> None:
    """Of a thousand possible workers, a load of one-second iterations at four per second starts about four."""

    async def main() -> LoadEngine:
        engine = LoadEngine(a_second, paced(lambda n: n / 4 if n < 40 else None, 1000), samples.append)
        await engine.run()
        return engine

    samples: list[Sample] = []
    engine = run_virtually(main())
    assert {sample.state for sample in samples} == {State.RAN}
    assert [sample.started for sample in samples] == pytest.approx([n / 4 for n in range(40)])
    assert engine._workers_started < 10


def test_no_iteration_begins_after_the_end() -> None:
    """No iteration begins after the duration; running ones end, and with 0 each worker runs one."""
    samples = driven(a_second, RUNNERS["constant_for_duration"].load({"duration": 2.5, "concurrency": 2}))
    assert sorted(sample.started for sample in samples) == pytest.approx([0, 0, 1, 1, 2, 2])
    assert max(sample.ended for sample in samples) == pytest.approx(3)
    assert len(driven(a_second, RUNNERS["constant_for_duration"].load({"duration": 0, "concurrency": 3}))) == 3


def test_the_number_of_users_follows_its_stages() -> None:
    """At each time as many iterations run as the stage has users; surplus users leave after their iteration."""
    stages = [{"users": 1, "duration": 3}, {"users": 3, "duration": 2}, {"users": 2, "duration": 2}]
    samples = driven(a_second, RUNNERS["ramp"].load({"stages": stages}))
    begun = [sum(sample.started == pytest.approx(second) for sample in samples) for second in range(8)]
    assert begun == [1, 1, 1, 3, 3, 2, 2, 0]


def test_users_think_between_iterations() -> None:
    """The time between two iterations of a user is within the bounds of the think time."""
    samples = driven(
        a_second, RUNNERS["constant_for_duration"].load({"duration": 60, "think_time": {"min": 1, "max": 3}})
    )
    pauses = [later.started - earlier.ended for earlier, later in pairwise(samples)]
    assert min(pauses) >= 1 - 1e-9
    assert max(pauses) <= 3 + 1e-9
    assert max(pauses) - min(pauses) > 0.1


def test_a_warm_up_is_marked() -> None:
    """Iterations of the warm-up have that state, also dropped ones; others do not."""
    samples = driven(a_second, RUNNERS["constant_for_duration"].load({"duration": 4, "warm_up": 1.5}))
    assert [sample.state for sample in samples] == [State.WARM_UP, State.WARM_UP, State.RAN, State.RAN]
    arrivals = {"rate": 2, "duration": 4, "arrivals": "even", "max_in_flight": 1, "warm_up": 2}
    samples = driven(a_second, RUNNERS["arrival_rate"].load(arrivals))
    assert [sample.state for sample in sorted(samples, key=lambda sample: sample.iteration)] == [
        *[State.WARM_UP] * 4,
        *[State.RAN, State.DROPPED] * 2,
    ]


@pytest.mark.parametrize(
    ("runner", "args"),
    [
        ("constant", {"times": 23, "concurrency": 5}),
        ("rps", {"times": 23, "rps": 7}),
        ("arrival_rate", {"rate": 9, "duration": 3, "seed": 4}),
        ("ramp", {"stages": [{"users": 2, "duration": 3}, {"users": 5, "duration": 3}]}),
    ],
)
def test_shards_together_do_what_one_would(runner: str, args: dict[str, Any]) -> None:
    """All shards together run the same iterations at the same due times as one process."""
    load = RUNNERS[runner].load(args)
    whole = driven(a_second, load)
    for count in (2, 3):
        parts = [driven(a_second, load, shard=shard, of=count) for shard in range(count)]
        assert {sample.shard for sample in parts[1]} == {1}
        together = sorted((sample.iteration, sample.due) for part in parts for sample in part)
        if load.until == math.inf:
            assert together == sorted((sample.iteration, sample.due) for sample in whole)
        assert len(together) == len(whole)


def test_the_numbers_of_iterations_that_begin_are_told() -> None:
    """Each iteration's number is reported when it begins."""
    told: list[int] = []

    async def look(iteration: Iteration) -> None:
        assert told[-1] == iteration.number

    samples = driven(look, closed(3, 1), started=told.append)
    assert told == [0, 1, 2]
    assert [sample.failure for sample in samples] == [None] * 3  # what fails in an iteration is raised by nobody


def test_an_error_is_a_failed_sample_and_the_load_goes_on() -> None:
    """A failed iteration has kind, message and traceback, and all others run."""

    async def fail_third(iteration: Iteration) -> None:
        if iteration.number == 3:
            raise ValueError("no third")

    samples = driven(fail_third, closed(5, 2))
    assert len(samples) == 5
    [failed] = [sample for sample in samples if sample.failure]
    assert (failed.iteration, failed.failure.kind, failed.failure.message) == (3, "ValueError", "no third")
    assert "fail_third" in failed.failure.detail


def test_an_iteration_over_its_limit_is_cancelled() -> None:
    """An iteration that exceeds its limit is cancelled, its open action fails, and its clean-up code runs."""
    cleaned: list[int] = []

    async def linger(iteration: Iteration) -> None:
        try:
            with iteration.action("wait"):
                await asyncio.sleep(3600)
        finally:
            cleaned.append(iteration.number)

    samples = driven(linger, closed(2, 1, timeout=5))
    assert [sample.ended for sample in samples] == pytest.approx([5, 10])
    assert [sample.failure.kind for sample in samples] == ["TimedOut", "TimedOut"]
    assert all(sample.actions[0].failed for sample in samples)
    assert cleaned == [0, 1]


def test_a_timeout_of_the_scenario_itself_is_its_own_failure() -> None:
    """A TimeoutError of the scenario is not mistaken for the limit."""

    async def give_up(_: Iteration) -> None:
        raise TimeoutError("the cloud is slow")

    samples = driven(give_up, closed(1, 1, timeout=5))
    assert samples[0].failure.kind == "TimeoutError"


@pytest.mark.parametrize(("drain", "ends"), [(0, 2.5), (0.3, 2.8), (10, 3)])
def test_stopping_begins_no_more_and_cuts_short_after_a_while(drain: float, ends: float) -> None:
    """After a stop no iteration begins; running ones end, or are recorded as aborted after the drain."""
    samples: list[Sample] = []

    async def main() -> None:
        engine = LoadEngine(a_second, closed(1000, 3), samples.append)
        asyncio.get_running_loop().call_later(2.5, engine.stop, drain)
        await engine.run()

    run_virtually(main())
    assert len(samples) == 9
    assert [sample.ended for sample in samples[-3:]] == pytest.approx([ends] * 3)
    assert [sample.failure.kind for sample in samples if sample.failure] == (["Aborted"] * 3 if drain < 1 else [])


def test_stopping_does_not_wait_for_what_is_not_yet_due() -> None:
    """A load whose next iteration is due in an hour ends at once."""

    async def main() -> float:
        engine = LoadEngine(a_second, paced(lambda n: n * 3600, 10), lambda _: None)
        asyncio.get_running_loop().call_later(5, engine.stop, 60)
        await engine.run()
        return engine.clock()

    assert run_virtually(main()) == pytest.approx(5)


async def _recorded(iterate: Iterate, record: Callable[[Sample], None]) -> None:
    await LoadEngine(iterate, closed(1000, 2), record).run()


def test_what_cannot_be_recorded_ends_the_load() -> None:
    """An error while recording is raised by the engine, and no iteration continues."""
    begun: list[int] = []

    async def iterate(iteration: Iteration) -> None:
        begun.append(iteration.number)
        await asyncio.sleep(1)

    def full(_: Sample) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        run_virtually(_recorded(iterate, full))
    assert begun == [0, 1]


def test_iterations_that_never_wait_leave_room_for_others() -> None:
    """A load of no-ops on a real clock lets another task of the loop run while it lasts."""
    samples: list[Sample] = []
    seen: list[int] = []

    async def nothing(_: Iteration) -> None:
        return

    async def look() -> None:
        while True:
            seen.append(len(samples))
            await asyncio.sleep(0.001)

    async def main() -> None:
        looking = asyncio.create_task(look())
        await LoadEngine(nothing, closed(50_000, 4), samples.append).run()
        looking.cancel()

    asyncio.run(main())
    assert any(0 < count < 50_000 for count in seen)


class Odd(Exception):  # noqa: N818 - a scenario's exceptions are called as it likes
    """An exception that cannot say what it is, with a request id that is no text."""

    request_id = 7

    def __str__(self) -> str:
        raise ValueError


def test_any_exception_is_a_failure_that_can_be_written() -> None:
    """Any exception of a scenario fails only its iteration, and is recorded as text."""

    async def odd(_: Iteration) -> None:
        raise Odd

    failures = [sample.failure for sample in driven(odd, closed(3, 1))]
    assert [(one.kind, one.request_id) for one in failures if one] == [("Odd", "7")] * 3


def test_a_load_that_cannot_be_recorded_ends_though_its_scenario_goes_on() -> None:
    """A scenario that swallows its cancellation does not keep the load running."""

    async def stubborn(_: Iteration) -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as error:
            raise ValueError from error

    def record(sample: Sample) -> None:
        raise OSError(sample.iteration)

    async def main() -> None:
        async with asyncio.timeout(100):
            await LoadEngine(stubborn, closed(None, 2), record).run()

    with pytest.raises(OSError, match="0"):
        run_virtually(main())


def test_nobody_thinks_beyond_the_end() -> None:
    """A load of three seconds ends in time, although its users would think for a hundred."""
    ended: list[float] = []

    async def main() -> None:
        engine = LoadEngine(a_second, closed(None, 2, until=3.0, think=(100.0, 100.0)), lambda _: None)
        await engine.run()
        ended.append(engine.clock())

    run_virtually(main())
    assert ended == pytest.approx([3.0])
