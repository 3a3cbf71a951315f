"""Many calls at a time, and how long to wait between two looks."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from rallycross.cloud.retrying import given_up

T = TypeVar("T")
R = TypeVar("R")

THREADS = 20  # calls at a time, unless the task file says otherwise

_SHARE, _SHORTEST, _LONGEST = 0.1, 0.1, 5.0


def in_parallel(function: Callable[[T], R], items: Iterable[T], *, threads: int = THREADS) -> list[R]:
    """Return what a function gives for each item, in order; `threads` of them at a time.

    Raise what the first that fails raises: those under way are waited for, send nothing again, and no other is begun.
    """
    items = list(items)
    if len(items) <= 1:
        return [function(item) for item in items]
    over = threading.Event()

    def one(item: T) -> R:
        given_up.set(over)
        return function(item)

    with ThreadPoolExecutor(min(threads, len(items)), thread_name_prefix="together") as pool:
        futures = [pool.submit(copy_context().run, one, item) for item in items]
        try:
            for ended in wait(futures, return_when=FIRST_EXCEPTION).done:  # one that waits hides no other's failure
                ended.result()
            return [future.result() for future in futures]
        except BaseException:
            over.set()
            pool.shutdown(cancel_futures=True)
            raise


def pause_after(waited: float) -> float:
    """Return how many seconds to wait until the next look, `waited` seconds after the first."""
    return min(max(waited * _SHARE, _SHORTEST), _LONGEST)
