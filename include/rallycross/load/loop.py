"""An event loop whose timers are accurate to about ten microseconds.

asyncio waits by epoll, which rounds up to whole milliseconds: at a thousand starts per second, each start would be late
by half an interval on average.
"""

import asyncio
import select
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _PreciseSelector(selectors.EpollSelector):
    """Waits for the epoll object by `select`, which has microsecond resolution."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        return super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    """Reads the clock without a Python function in between: the engine does so eight times per iteration or more."""

    time = staticmethod(time.monotonic)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on such a loop and return its result."""
    with asyncio.Runner(loop_factory=lambda: _Loop(_PreciseSelector())) as runner:
        return runner.run(main)
