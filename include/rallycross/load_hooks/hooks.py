"""Runs the hooks of one workload: starts actions at their moments of the load, and returns their results."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from heapq import merge
from typing import Any, Literal

from rallycross.load_hooks.action import ACTIONS, Firing
from rallycross.load_hooks.faults.fault_ledger import undo_faults
from rallycross.load_hooks.target import HookTarget
from rallycross.load_hooks.trigger import TRIGGERS, Iterations, Moments
from rallycross.settings import settings
from rallycross.task.plan import Hook

AT_A_TIME = 32  # actions of one workload at the same time; others wait
_HEAR = 0.25  # seconds between two checks whether to stop


class Hooks:
    """The hooks of one workload.

    All methods may be called from any thread. Only `close` blocks.
    """

    def __init__(self, hooks: Sequence[Hook], target: HookTarget, tell: Callable[[str], None] = lambda _: None) -> None:
        self._hooks = list(hooks)
        self._moments = [TRIGGERS[hook.trigger].moments(hook.trigger_args) for hook in self._hooks]
        self._events, self._ranges = _by_iteration(self._moments)
        self._target = target
        self._tell = tell
        self._lock = threading.Lock()
        self._firings: list[
            tuple[int, Firing, Future[None]]
        ] = []  # (position of the hook, firing, future), in the order of their start
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="hook")
        self._give_up = threading.Event()
        self._closed = threading.Event()
        self._timer: threading.Thread | None = None

    def iterations(self) -> Iterations:
        """Return the iterations whose start must be reported to `started`, counted from 1. Can be pickled."""
        return Iterations.of(self._moments)

    def load_began(self) -> None:
        """Count seconds from now, the start of the first iteration. Only the first call counts."""
        with self._lock:
            if self._timer is not None or self._closed.is_set():
                return
            self._timer = threading.Thread(target=self._watch_time, args=(time.monotonic(),), name="hooks", daemon=True)
            self._timer.start()

    def started(self, number: int) -> None:
        """Start the actions that are due at the start of iteration `number`, counted from 1."""
        periodic = (position for position, numbers in self._ranges if number in numbers)
        for position in sorted((*self._events.get(number, ()), *periodic)):
            self._fire(position, "iteration", number)

    def close(
        self, limit: float | None = None, *, stop: threading.Event | None = None, drain: float = 0.0
    ) -> list[dict[str, Any]]:
        """Start no more actions, wait up to `limit` seconds for running ones, undo faults; return Rally's results.

        The default limit is in the settings. After `stop` is set, the wait is `drain` seconds at most.
        """
        limit = settings().hook_patience if limit is None else limit
        with self._lock:
            self._closed.set()
        if self._timer:
            self._timer.join()
        futures = [future for _, _, future in self._firings]
        limit = _wait(futures, limit, stop, drain)
        if late := wait(futures, timeout=0).not_done:
            self._give_up.set()
            # Scripts on machines have a shorter limit, so no fault is made after the faults are undone.
            wait([future for future in late if not future.cancel()], timeout=2 * settings().host_limit)
        self._pool.shutdown(wait=False)
        for _, firing, future in self._firings:
            if future in late and (future.cancelled() or not future.done()):
                firing.fail(
                    "TimeoutError",
                    f"still running {limit:g} s after the end of the load; gave up waiting",
                )
                firing.started_at = firing.started_at or time.time()
                firing.finished_at = time.time()
        self._undo()
        return [self._results(position) for position in range(len(self._hooks))]

    def _watch_time(self, began: float) -> None:
        timed = (_seconds(position, one) for position, one in enumerate(self._moments) if one.unit == "time")
        for second, position in merge(*timed):
            if self._closed.wait(max(0.0, began + second - time.monotonic())):
                return
            self._fire(position, "time", second)

    def _fire(self, position: int, event_type: Literal["iteration", "time"], value: int) -> None:
        firing = Firing(self._target, event_type, value, ended=self._closed, give_up=self._give_up)
        with self._lock:
            if self._closed.is_set():
                return
            future = self._pool.submit(self._act, self._hooks[position], firing)
            self._firings.append((position, firing, future))

    def _act(self, hook: Hook, firing: Firing) -> None:
        when = f"iteration {firing.value}" if firing.event_type == "iteration" else f"{firing.value} s"
        firing.started_at = time.time()
        try:
            self._tell(f"hook {hook.action}, at {when}: begins")
            ACTIONS[hook.action].act(hook.action_args, firing)
        except Exception as error:  # noqa: BLE001 - every error is this firing's result
            firing.fail_by(error)
        firing.finished_at = time.time()
        end = f"failed: {firing.error['msg']}" if firing.error else "done"
        self._tell(f"hook {hook.action}, at {when}: {end}")

    def _undo(self) -> None:
        left = undo_faults(self._target.store, self._target.cloud, self._target.workload)
        for row, what in left.items():
            self._tell(what)
            for _, firing, _ in self._firings:
                if row in firing.faults:
                    firing.fail("NotUndone", what)

    def _results(self, position: int) -> dict[str, Any]:
        results = [firing.result() for mine, firing, _ in self._firings if mine == position]
        return {
            "config": self._hooks[position].config,
            "results": results,
            "summary": dict(Counter(result["status"] for result in results)),
        }


def _by_iteration(several: Sequence[Moments]) -> tuple[dict[int, list[int]], list[tuple[int, range]]]:
    """Return the positions of hooks by iteration, and (position, range) of hooks at regular iterations."""
    events: dict[int, list[int]] = defaultdict(list)
    ranges = []
    for position, moments in enumerate(several):
        if moments.unit == "iteration" and isinstance(moments.values, range):
            ranges.append((position, moments.values))
        elif moments.unit == "iteration":
            for number in moments.values:
                events[number].append(position)
    return events, ranges


def _wait(futures: Sequence[Future[None]], limit: float, stop: threading.Event | None, drain: float) -> float:
    """Wait for all futures; return the limit in seconds that applied."""
    began = time.monotonic()
    while (left := began + limit - time.monotonic()) > 0 and wait(futures, timeout=min(left, _HEAR)).not_done:
        if stop is not None and stop.is_set():
            limit, stop = min(limit, time.monotonic() - began + drain), None
    return limit


def _seconds(position: int, moments: Moments) -> Iterator[tuple[int, int]]:
    """Yield (second, position of the hook) for each second of a trigger."""
    return ((second, position) for second in moments.values)
