"""Retries of requests after temporary failures: when, and after which pause."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from email.utils import parsedate_to_datetime

TRANSIENT = frozenset({408, 425, 429, 502, 503, 504})  # statuses of temporary failures
REFUSED = frozenset({425, 429})  # those of them after which nothing has been done
_FIRST, _LONGEST = 0.25, 30.0  # seconds
_QUIET = 60.0  # seconds between two log messages about retries

_log = logging.getLogger(__name__)

# Set when one of several parallel calls has failed: then none of them waits for a retry any more.
given_up: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)


def asked_to_wait(header: str | None, now: float) -> float:
    """Return the seconds of a `Retry-After` header, which is a number or a date; 0 if it is invalid."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def pause(attempt: int, asked: float, share: float) -> float:
    """Return the seconds before the next attempt: doubled each time, or `asked`, up to half a minute.

    `share` (0 to 1) is a random number that spreads the retries of clients that failed together.
    """
    backed_off = min(_FIRST * 2 ** min(attempt, 20), _LONGEST)
    return min(asked, _LONGEST) * (1 + share / 10) if asked > 0 else backed_off * (1 - share / 2)


class Patience:
    """How long the requests of one user are retried.

    Each request is retried for `limit` seconds from its first attempt. If no request has succeeded for that long, none
    is retried any more: a cloud that is down is waited for once, not once per request.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._failing_since: float | None = None
        self._tells_again = 0.0

    def succeeded(self) -> None:
        """Record that the cloud has answered."""
        self._failing_since = None

    def wait(self, began: float, attempt: int, header: str | None, what: str) -> bool:
        """Wait before the next attempt at a request that began at `began`; return False if there is to be none.

        `what` has failed; that is logged once a minute.
        """
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = began
        left = self.limit - (now - min(began, self._failing_since))
        if left <= 0:
            return False
        if now >= self._tells_again:
            self._tells_again = now + _QUIET
            _log.warning("%s - retrying for up to %g s", what, self.limit)
        seconds = min(pause(attempt, asked_to_wait(header, time.time()), random.random()), left)  # noqa: S311 - no secret
        stop = given_up.get()
        if stop is None:
            time.sleep(seconds)
            return True
        return not stop.wait(seconds)
