"""Waits for what becomes true in its own time: how long that takes is the busy machine's to say, and no test's."""

import time
from collections.abc import Callable


def eventually(true: Callable[[], object], limit: float = 180.0, *, every: float = 0.05) -> bool:
    """Return True once it is true; False where it is not within `limit` seconds. It is asked `every` so many."""
    deadline = time.monotonic() + limit
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
