"""Parallel calls on threads, and the pause between two polls."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from rallycross.cloud.retrying import given_up

T = TypeVar("T")
R = TypeVar("R")

THREADS = 20  # default number of parallel calls

_SHARE, _SHORTEST, _LONGEST = 0.1, 0.1, 5.0


def in_parallel(function: Callable[[T], R], items: Iterable[T], *, threads: int = THREADS) -> list[R]:
    """Call a function with each item, `threads` at a time; return the results in order.

    Raise the exception of the first failed call. Running calls are waited for, without retries; no further one begins.
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
            for ended in wait(
                futures, return_when=FIRST_EXCEPTION
            ).done:  # a waiting call must not hide another's failure
                ended.result()
            return [future.result() for future in futures]
        except BaseException:
            over.set()
            pool.shutdown(cancel_futures=True)
            raise


def pause_after(waited: float) -> float:
    """Return the seconds until the next poll, `waited` seconds after the first one."""
    return min(max(waited * _SHARE, _SHORTEST), _LONGEST)
