"""Follows a verification that another process runs, by its rows in the store."""

import threading
import time
from collections.abc import Callable

from rallycross.errors import RallycrossError
from rallycross.results.models import TestRow, VerificationRow
from rallycross.results.store import Store
from rallycross.results.verifications import LOST_SECONDS

POLL_SECONDS = 1.0

OnTestEnd = Callable[[TestRow, int, int], None]  # a test that has ended, how many have ended, how many there are


class VerificationLost(RallycrossError):  # noqa: N818
    """The process that ran the verification has died."""


class StoppedFollowing(RallycrossError):  # noqa: N818
    """`stop` was set; the verification continues."""


def state(row: VerificationRow | None, now: float) -> str:
    """Return `running`, `finished`, `crashed`, `lost` (its process died without storing an end) or `none`."""
    if row is None:
        return "none"
    if row.status == "running" and now - (row.beat_at or row.started_at) > LOST_SECONDS:
        return "lost"
    return row.status


def follow(store: Store, uuid: str, *, on_test_end: OnTestEnd, stop: threading.Event) -> VerificationRow:
    """Call `on_test_end` for each test that ends; return the verification once it has ended.

    Raises `VerificationLost` after `LOST_SECONDS` without a sign of life, and `StoppedFollowing` when `stop` is set. If
    the store was unavailable, the process that runs the verification has as long again to give a sign of life.
    """
    seen, count = 0, 0
    looked, excused = time.monotonic(), 0.0
    while True:
        row = store.verifications.get(uuid)
        if time.monotonic() - looked > LOST_SECONDS / 4:
            excused = time.monotonic() + LOST_SECONDS
        looked = time.monotonic()
        if row is None:
            raise RallycrossError(f"verification {uuid}: does not exist - begin it first")
        for test in store.tests.of(uuid, after=seen):
            seen, count = test.id, count + 1
            on_test_end(test, count, row.total)
        found = state(row, time.time())
        if found == "lost" and looked > excused:
            raise VerificationLost(
                f"the process that ran the verification has died, after {count} of {row.total} tests"
            )
        if found not in {"running", "lost"}:
            return row
        if stop.wait(POLL_SECONDS):
            raise StoppedFollowing(f"stopped following after {count} of {row.total} tests")


def test_line(test: TestRow, count: int, total: int) -> str:
    """Return the result of a test as a line of text."""
    of = f"{total:d}"
    reason = f"  ({test.reason})" if test.reason else ""
    return f"[{count:{len(of)}d}/{of}] {test.status:<9} {test.seconds:6.1f}s  {test.name}{reason}"
