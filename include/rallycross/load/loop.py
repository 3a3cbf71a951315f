"""An event loop whose timers are true to some ten microseconds.

asyncio waits by epoll, which counts in whole milliseconds and rounds them up: at a thousand starts a second each would
come half a distance late.
"""

import asyncio
import select
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _PreciseSelector(selectors.EpollSelector):
    """Waits for the epoll itself by `select`, which counts in microseconds."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        return super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    """Asks the clock without a function of Python's between: an engine does so eight times an iteration and more."""

    time = staticmethod(time.monotonic)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on such a loop."""
    with asyncio.Runner(loop_factory=lambda: _Loop(_PreciseSelector())) as runner:
        return runner.run(main)
