"""Follows a verification that runs elsewhere, by what the store has of it."""

import threading
import time
from collections.abc import Callable

from rallycross.errors import RallycrossError
from rallycross.results.models import TestRow, VerificationRow
from rallycross.results.store import Store
from rallycross.results.verifications import LOST_SECONDS

POLL_SECONDS = 1.0

Told = Callable[[TestRow, int, int], None]  # a test that has ended, how many have, how many there will be


class Lost(RallycrossError):  # noqa: N818 - reads as what it says
    """Whoever ran the verification has died."""


class Left(RallycrossError):  # noqa: N818
    """Whoever follows was asked to stop; the verification goes on."""


def state(row: VerificationRow | None, now: float) -> str:
    """Return `running`, `finished`, `crashed`, `lost` (it runs no more, and has not said so) or `none`."""
    if row is None:
        return "none"
    if row.status == "running" and now - (row.beat_at or row.started_at) > LOST_SECONDS:
        return "lost"
    return row.status


def follow(store: Store, uuid: str, *, told: Told, stop: threading.Event) -> VerificationRow:
    """Tell of each test as it ends, until the verification has ended; return it then.

    Raises `Lost` when there has been no sign of life for a while, and `Left` when `stop` is set. A store that was away
    was away for whoever runs the verification, too, who then gets as long again to give one.
    """
    seen, count = 0, 0
    looked, excused = time.monotonic(), 0.0
    while True:
        row = store.verifications.get(uuid)
        if time.monotonic() - looked > LOST_SECONDS / 4:
            excused = time.monotonic() + LOST_SECONDS
        looked = time.monotonic()
        if row is None:
            raise RallycrossError(f"verification {uuid}: there is none - begin it first")
        for test in store.tests.of(uuid, after=seen):
            seen, count = test.id, count + 1
            told(test, count, row.total)
        found = state(row, time.time())
        if found == "lost" and looked > excused:
            raise Lost(f"the process that ran the verification has died, after {count} of {row.total} tests")
        if found not in {"running", "lost"}:
            return row
        if stop.wait(POLL_SECONDS):
            raise Left(f"no longer followed, after {count} of {row.total} tests")


def test_line(test: TestRow, count: int, total: int) -> str:
    """Return a test that has ended in a line."""
    of = f"{total:d}"
    reason = f"  ({test.reason})" if test.reason else ""
    return f"[{count:{len(of)}d}/{of}] {test.status:<9} {test.seconds:6.1f}s  {test.name}{reason}"
