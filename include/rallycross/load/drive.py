"""The load engine: workers run iterations when they are due and record each one as a sample."""

import asyncio
import itertools
import math
import random
import traceback
from collections.abc import Awaitable, Callable

from rallycross.load.iteration import MOST, Iteration
from rallycross.load.load import Load
from rallycross.load.pace import AT_ONCE
from rallycross.load.sample import Failure, Sample, State

Iterate = Callable[[Iteration], Awaitable[None]]

ABORTED = "Aborted"  # kind of the failure of an iteration that was cancelled because the load was stopped
TIMED_OUT = "TimedOut"  # kind of the failure of an iteration that took longer than its limit

# Iterations that never wait would block the event loop: after this many seconds each worker yields to it.
_TURN = 0.01


class LoadEngine:
    """Drives one load, or one shard of it. Times are those of the event loop's clock, counted from `origin`.

    An exception of `iterate` fails that iteration. An exception of `record` ends the load.
    """

    def __init__(
        self,
        iterate: Iterate,
        load: Load,
        record: Callable[[Sample], None],
        *,
        shard: int = 0,
        of: int = 1,
        origin: float | None = None,
        started: Callable[[int], None] = lambda _: None,
        most: int = MOST,
    ) -> None:
        self._iterate = iterate
        self._whole, self._load = load, load.shard(shard, of)
        self._record = record
        self._shard, self._of = shard, of
        self._time = asyncio.get_running_loop().time
        self._origin = self._time() if origin is None else origin
        self._started = started  # called with the number of each iteration that begins
        self._most = most  # actions, and outputs, of one iteration
        self._numbers = itertools.count()
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by worker
        self._workers_started = 0
        self._waiting = 0  # workers that wait for an iteration to be due
        self._busy: set[int] = set()  # workers in the middle of an iteration
        self._full_until = -math.inf  # the last time at which all workers were busy
        self._stopping = False
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def clock(self) -> float:
        """Return the seconds since the start of the load."""
        return self._time() - self._origin

    async def run(self) -> None:
        """Run all iterations; return after the last has ended."""
        # An open loop starts workers as it needs them; the limit may be far higher.
        for _ in range(self._load.workers if self._load.rate is None else 1):
            self._start_worker()
        try:
            await self._ended
        finally:
            self._stopping = True  # a scenario may swallow its cancellation and continue
            tasks = list(self._tasks.values())
            self._cancel_workers()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self, drain: float) -> None:
        """Begin no further iteration; cancel those still running after `drain` seconds. Return at once."""
        self._stopping = True
        for worker, task in self._tasks.items():
            if worker not in self._busy:
                task.cancel()
        asyncio.get_running_loop().call_later(drain, self._cancel_workers)

    def _cancel_workers(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    def _start_worker(self) -> None:
        worker = self._workers_started
        self._workers_started += 1
        task = asyncio.create_task(self._work(worker))
        self._tasks[worker] = task
        task.add_done_callback(lambda task: self._worker_ended(worker, task))

    def _worker_ended(self, worker: int, task: asyncio.Task[None]) -> None:
        del self._tasks[worker]
        error = None if task.cancelled() else task.exception()
        if self._ended.done():
            return
        if error is not None:
            self._ended.set_exception(error)
        elif not self._tasks:
            self._ended.set_result(None)

    async def _work(self, worker: int) -> None:
        """Run iterations one after another, each when it is due."""
        load, clock = self._load, self.clock
        pace, think = load.pace, load.think
        turn = resumed = 0.0
        share = _TURN / load.workers
        first = True
        while not self._stopping:
            if load.users and not await self._admitted(worker):
                return
            number = next(self._numbers)
            due = pace(number)
            if due is None or (not first and clock() >= load.until):
                return
            state = State.RAN if due == AT_ONCE else await self._when_due(due)
            if state is State.DROPPED:
                self._drop(number, due)
                continue
            first = False
            iteration = Iteration(number * self._of + self._shard, clock, self._most)
            started = clock()
            if (started if due == AT_ONCE else due) < load.warm_up:
                state = State.WARM_UP
            await self._run_one(worker, iteration, due, started, state)
            turn = clock()
            if think is not None:
                await asyncio.sleep(min(random.uniform(*think), max(0.0, load.until - clock())))  # noqa: S311 - no secret
            elif turn - resumed > share:
                await asyncio.sleep(0)
                resumed = clock()

    async def _when_due(self, due: float) -> State:
        """Wait until an iteration is due; return its state: run, or queued or dropped for lack of a worker."""
        now = self.clock()
        if due >= now:
            self._waiting += 1
            try:
                await asyncio.sleep(due - now)
            finally:
                self._waiting -= 1
        elif due < self._full_until:  # all workers were busy at some time since it was due
            return State.DROPPED if self._load.when_busy == "drop" else State.QUEUED
        return State.RAN  # it may be late, which the sample shows, but a worker was free

    async def _run_one(self, worker: int, iteration: Iteration, due: float, started: float, state: State) -> None:
        self._busy.add(worker)
        if not self._waiting and self._workers_started < self._load.workers and not self._stopping:
            self._start_worker()
        self._started(iteration.number)
        failure: Failure | None = Failure(ABORTED, "the load was stopped while this iteration ran")
        try:
            failure = await _attempt(self._iterate, iteration, self._load.timeout)
        finally:
            ended = self.clock()
            if len(self._busy) == self._load.workers:
                self._full_until = ended
            self._busy.discard(worker)
            if failure is not None:
                iteration.close(ended)
            self._record(
                Sample(
                    iteration.number,
                    self._shard,
                    None if due == AT_ONCE else due,
                    started,
                    ended,
                    iteration.idle,
                    failure,
                    iteration.actions,
                    state,
                    iteration.outputs,
                )
            )

    async def _admitted(self, worker: int) -> bool:
        """Wait until the worker may run; return False if it never may."""
        own = worker * self._of + self._shard
        now = self.clock()
        begins = self._whole.begins(own, now)
        if math.isinf(begins):
            return False
        if begins > now:
            await asyncio.sleep(begins - now)
        return True

    def _drop(self, number: int, due: float) -> None:
        state = State.WARM_UP if due < self._load.warm_up else State.DROPPED
        self._record(Sample(number * self._of + self._shard, self._shard, due, due, due, state=state))


async def _attempt(iterate: Iterate, iteration: Iteration, limit: float | None) -> Failure | None:
    """Run one iteration to its end or its time limit; return its failure. Only our own cancellation is raised."""
    try:
        if limit is None:
            await iterate(iteration)
            return None
        async with asyncio.timeout(limit) as timer:
            await iterate(iteration)
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        return failure_of(error)  # the scenario cancelled itself
    except Exception as error:  # noqa: BLE001 - whatever a scenario raises is what this iteration came to
        late = limit is not None and isinstance(error, TimeoutError) and timer.expired()
        return Failure(TIMED_OUT, f"took longer than {limit:g} s") if late else failure_of(error)
    return None


def failure_of(error: BaseException) -> Failure:
    """Return an exception as the failure of an iteration, with the cloud's request id if it has one."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception of a scenario may be anything
        message = "(the exception has no readable message)"
    return Failure(
        kind=type(error).__name__,
        message=message,
        detail="".join(traceback.format_exception(error)),
        request_id=str(getattr(error, "request_id", None) or ""),
    )
