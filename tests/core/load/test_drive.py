"""The engine, in virtual time."""

import asyncio

import pytest
from virtual_time import run_virtually

from rallycross.load.drive import drive
from rallycross.load.iteration import Iteration
from rallycross.load.pace import at_once
from rallycross.load.sample import Sample


async def a_second(_: Iteration) -> None:
    """Take a second."""
    await asyncio.sleep(1)


def test_a_closed_loop_keeps_its_workers_busy() -> None:
    """Ten iterations of a second, four at a time, take three seconds, each numbered once, none with a due time."""
    samples: list[Sample] = []
    run_virtually(drive(a_second, at_once(10), 4, samples.append))
    assert sorted(sample.iteration for sample in samples) == list(range(10))
    assert [sample.ended for sample in samples] == pytest.approx([1] * 4 + [2] * 4 + [3] * 2)
    assert {sample.due for sample in samples} == {None}
    assert not any(sample.failure for sample in samples)


def test_no_more_than_the_workers_run_at_a_time() -> None:
    """At every moment at most as many iterations run as there are workers, and at some moment as many."""
    running, most = 0, 0

    async def count(_: Iteration) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.5)
        running -= 1

    run_virtually(drive(count, at_once(50), 7, lambda _: None))
    assert most == 7


def test_a_paced_loop_starts_when_due_and_keeps_the_due_time() -> None:
    """With a worker free, iterations start when they are due; without one they start late, and the sample says so."""
    samples: list[Sample] = []
    run_virtually(drive(a_second, lambda n: n * 0.5 if n < 4 else None, 1, samples.append))
    assert [sample.due for sample in samples] == [0, 0.5, 1, 1.5]
    assert [sample.started for sample in samples] == pytest.approx([0, 1, 2, 3])


def test_an_error_is_a_failed_sample_and_the_load_goes_on() -> None:
    """An iteration that raises is kept with kind, message and traceback; all others run."""
    samples: list[Sample] = []

    async def fail_third(iteration: Iteration) -> None:
        if iteration.number == 3:
            raise ValueError("no third")

    run_virtually(drive(fail_third, at_once(5), 2, samples.append))
    assert len(samples) == 5
    [failed] = [sample for sample in samples if sample.failure]
    assert (failed.iteration, failed.failure.kind, failed.failure.message) == (3, "ValueError", "no third")
    assert "fail_third" in failed.failure.detail


def test_an_iteration_over_its_limit_is_cancelled() -> None:
    """One that would take an hour ends after the limit, its open action failed, and its clean-up code runs."""
    samples: list[Sample] = []
    cleaned: list[int] = []

    async def linger(iteration: Iteration) -> None:
        try:
            with iteration.action("wait"):
                await asyncio.sleep(3600)
        finally:
            cleaned.append(iteration.number)

    run_virtually(drive(linger, at_once(2), 1, samples.append, timeout=5))
    assert [sample.ended for sample in samples] == pytest.approx([5, 10])
    assert [sample.failure.kind for sample in samples] == ["TimedOut", "TimedOut"]
    assert all(sample.actions[0].failed for sample in samples)
    assert cleaned == [0, 1]


def test_a_timeout_of_the_scenario_itself_is_its_own_failure() -> None:
    """A TimeoutError that the scenario raises before the limit is not taken for the limit."""
    samples: list[Sample] = []

    async def give_up(_: Iteration) -> None:
        raise TimeoutError("the cloud is slow")

    run_virtually(drive(give_up, at_once(1), 1, samples.append, timeout=5))
    assert samples[0].failure.kind == "TimeoutError"


def test_stopping_cuts_short_what_runs_and_begins_no_more() -> None:
    """When stopped, the iterations in flight are kept as aborted, at that moment, and no other begins."""
    samples: list[Sample] = []

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(2.5, stop.set)
        await drive(a_second, at_once(1000), 3, samples.append, stop=stop)

    run_virtually(main())
    assert len(samples) == 9
    assert [sample.failure.kind for sample in samples if sample.failure] == ["Aborted"] * 3
    assert [sample.ended for sample in samples[-3:]] == pytest.approx([2.5] * 3)


def test_what_cannot_be_recorded_ends_the_load() -> None:
    """An error while recording is raised by the engine, and nothing goes on running unseen."""
    begun: list[int] = []

    async def iterate(iteration: Iteration) -> None:
        begun.append(iteration.number)
        await asyncio.sleep(1)

    def full(_: Sample) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        run_virtually(drive(iterate, at_once(1000), 2, full))
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
        await drive(nothing, at_once(50_000), 4, samples.append)
        looking.cancel()

    asyncio.run(main())
    assert any(0 < count < 50_000 for count in seen)
