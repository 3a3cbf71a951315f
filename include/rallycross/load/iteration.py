"""One iteration while it runs: times its actions and its pauses."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType

from rallycross.load.sample import Action

# How many actions are open around the code that runs: each task of an iteration that forks counts for itself.
_depth: ContextVar[int] = ContextVar("depth", default=0)


class Iteration:
    """What an iteration has done so far. Times are seconds since the start of the load."""

    __slots__ = ("actions", "clock", "idle", "number")

    def __init__(self, number: int, clock: Callable[[], float]) -> None:
        self.number = number
        self.clock = clock
        self.idle = 0.0
        self.actions: list[Action] = []

    def action(self, name: str) -> "Timed":
        """Time what happens in the `with` block as an action; one within another is a level deeper."""
        return Timed(self, name)

    async def pause(self, seconds: float) -> None:
        """Sleep for a time that does not count as work."""
        started = self.clock()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.idle += self.clock() - started


class Timed:
    """An action being timed."""

    __slots__ = ("_action", "_iteration", "_name", "_token")

    def __init__(self, iteration: Iteration, name: str) -> None:
        self._iteration = iteration
        self._name = name

    def __enter__(self) -> None:
        depth = _depth.get()
        self._token = _depth.set(depth + 1)
        now = self._iteration.clock()
        self._action = Action(self._name, depth, now, now)
        self._iteration.actions.append(self._action)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._action.ended = self._iteration.clock()
        self._action.failed = kind is not None
        _depth.reset(self._token)
