"""The engine: workers that run iterations when they are due, and tell of each as a sample."""

import asyncio
import itertools
import traceback
from collections.abc import Awaitable, Callable

from rallycross.load.iteration import Iteration
from rallycross.load.pace import AT_ONCE, Pace
from rallycross.load.sample import Failure, Sample

Iterate = Callable[[Iteration], Awaitable[None]]

ABORTED = "Aborted"  # kind of the failure of an iteration that was cut short because the load was stopped
TIMED_OUT = "TimedOut"  # kind of the failure of an iteration that took longer than its limit

# Iterations that never wait keep the event loop from all else: within so many seconds each worker steps aside.
_TURN = 0.01


async def drive(
    iterate: Iterate,
    pace: Pace,
    workers: int,
    record: Callable[[Sample], None],
    *,
    timeout: float | None = None,  # noqa: ASYNC109 - of each iteration, not of this call
    stop: asyncio.Event | None = None,
    shard: int = 0,
) -> None:
    """Run iterations 0, 1, 2, ... as `pace` says, at most `workers` at a time; return when all have ended.

    An iteration that raises is a sample with a failure, and so is one that is cancelled because it took more than
    `timeout` seconds or because `stop` was set, which also lets no further one begin. What `record` raises ends the
    load. The clock is the event loop's.
    """
    loop = asyncio.get_running_loop()
    origin = loop.time()

    def clock() -> float:
        return loop.time() - origin

    numbers = itertools.count()

    share = _TURN / workers

    async def work() -> None:
        resumed = clock()
        while (due := pace(number := next(numbers))) is not None:
            if due > clock():
                await asyncio.sleep(due - clock())
            iteration = Iteration(number, clock)
            started = clock()
            failure: Failure | None = Failure(ABORTED, "the load was stopped while this iteration ran")
            try:
                failure = await _attempt(iterate, iteration, timeout)
            finally:
                sample = _sample(iteration, shard, due, started, failure)
                record(sample)
            if sample.ended - resumed > share:
                await asyncio.sleep(0)
                resumed = clock()

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    watch = [asyncio.create_task(_cancel_on(stop, tasks))] if stop else []
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in (*tasks, *watch):
            task.cancel()
        await asyncio.gather(*tasks, *watch, return_exceptions=True)
    for task in done:
        if not task.cancelled() and (error := task.exception()):
            raise error


async def _attempt(iterate: Iterate, iteration: Iteration, limit: float | None) -> Failure | None:
    """Run one iteration to its end or its limit; return what went wrong. Only being cancelled is raised."""
    try:
        if limit is None:
            await iterate(iteration)
            return None
        async with asyncio.timeout(limit) as timer:
            await iterate(iteration)
    except Exception as error:  # noqa: BLE001 - whatever a scenario raises is what this iteration came to
        late = limit is not None and isinstance(error, TimeoutError) and timer.expired()
        return Failure(TIMED_OUT, f"took longer than {limit:g} s") if late else failure_of(error)
    return None


def failure_of(error: Exception) -> Failure:
    """Return an exception as the failure of an iteration, with the request id of the cloud's answer if it has one."""
    return Failure(
        kind=type(error).__name__,
        message=str(error),
        detail="".join(traceback.format_exception(error)),
        request_id=getattr(error, "request_id", None) or "",
    )


def _sample(iteration: Iteration, shard: int, due: float, started: float, failure: Failure | None) -> Sample:
    scheduled = None if due == AT_ONCE else due
    return Sample(
        iteration.number, shard, scheduled, started, iteration.clock(), iteration.idle, failure, iteration.actions
    )


async def _cancel_on(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    await stop.wait()
    for task in tasks:
        task.cancel()
