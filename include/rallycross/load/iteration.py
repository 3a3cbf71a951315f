"""One running iteration: times its actions and its pauses."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from aiohttp import ClientSession

from rallycross.errors import RallycrossError
from rallycross.load.sample import Action

MOST = 10_000  # actions, and outputs, of one iteration: all are kept in memory until it ends

# How many actions are open around the running code. Each asyncio task of an iteration has its own count.
_depth: ContextVar[int] = ContextVar("depth", default=0)


class TooMany(RallycrossError):  # noqa: N818 - reads as what it says
    """An iteration has reached the limit of actions or outputs."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(
            f"the iteration has reached the limit of {most} {what} - let the runner repeat a shorter scenario, or"
            " raise RALLYCROSS_ITERATION_LIMIT"
        )


class _Over:
    """A pause that is already over."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_OVER = _Over()


class Iteration:
    """The actions, outputs and pauses of one iteration. Times are seconds since the start of the load."""

    __slots__ = ("_pauses", "_pausing_since", "actions", "clock", "http", "idle", "most", "number", "outputs")

    http: ClientSession  # shared by the process; only for scenarios that take an `iteration`

    def __init__(self, number: int, clock: Callable[[], float], most: int = MOST) -> None:
        self.number = number
        self.clock = clock
        self.most = most
        self.idle = 0.0
        self.actions: list[Action] = []
        self.outputs: list[dict[str, Any]] = []
        self._pauses = 0  # how many are running at the same time
        self._pausing_since = 0.0

    def action(self, name: str) -> "Timed":
        """Time the `with` block as an action. A nested action is one level deeper."""
        return Timed(self, name)

    def add_output(self, additive: dict[str, Any] | None = None, complete: dict[str, Any] | None = None) -> None:
        """Show something of this iteration in the report. The format is Rally's.

        Both are mappings with `title`, `chart_plugin` (`StackedArea`, `Lines`, `Pie`, `StatsTable`; a complete one also
        `Table`, `TextArea`, `EmbeddedChart`, `EmbeddedExternalChart`, `OSProfiler`), `data`, and optionally
        `description`, `label`, `axis_label`. The `data` of an additive output, `[[name, number], ...]`, is combined
        with that of the other iterations; a complete output is a chart of this iteration alone.
        """
        if len(self.outputs) >= self.most:
            raise TooMany("outputs", self.most)
        if additive is not None:
            self.outputs.append({"kind": "additive", **additive})
        if complete is not None:
            self.outputs.append({"kind": "complete", **complete})

    def pause(self, seconds: float) -> Awaitable[None]:
        """Sleep for a time that does not count as work. Await it; a plain function on a thread just calls it."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # no event loop: a plain function on a thread
            began = self.clock()
            time.sleep(seconds)
            self.idle += self.clock() - began
            return _OVER
        return self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        if self._pauses == 0:
            self._pausing_since = self.clock()
        self._pauses += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._pauses -= 1
            if self._pauses == 0:  # parallel pauses count from the start of the first to the end of the last
                self.idle += self.clock() - self._pausing_since

    def close(self, now: float) -> None:
        """End all open actions as failed: on a thread, an iteration may be over before its code has returned."""
        for action in self.actions:
            if action.ended == math.inf:
                action.ended = now


class Timed:
    """An action being timed."""

    __slots__ = ("_action", "_iteration", "_name", "_token")

    def __init__(self, iteration: Iteration, name: str) -> None:
        self._iteration = iteration
        self._name = name

    def __enter__(self) -> None:
        iteration = self._iteration
        actions = iteration.actions
        if len(actions) >= iteration.most:
            raise TooMany("actions", iteration.most)
        depth = _depth.get()
        self._token = _depth.set(depth + 1)
        self._action = Action(self._name, depth, iteration.clock(), math.inf, failed=True)
        actions.append(self._action)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._action.ended = self._iteration.clock()
        self._action.failed = kind is not None
        _depth.reset(self._token)
