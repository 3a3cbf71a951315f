"""When to send a request again that has failed in passing, and how long to wait before that."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from email.utils import parsedate_to_datetime

TRANSIENT = frozenset({408, 425, 429, 502, 503, 504})  # statuses that say nothing about the request itself
REFUSED = frozenset({425, 429})  # of these, the ones for which nothing has been done
_FIRST, _LONGEST = 0.25, 30.0  # seconds
_QUIET = 60.0  # seconds between two words on what is sent again

_log = logging.getLogger(__name__)

# Set while many calls go on together: from then on none of them waits any more.
given_up: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)


def asked_to_wait(header: str | None, now: float) -> float:
    """Return the seconds that a `Retry-After` asks for, which may be a number or a date; 0 where it makes no sense."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def pause(attempt: int, asked: float, share: float) -> float:
    """Return the seconds before the next attempt: twice as many each time, or what is asked for, up to half a minute.

    `share` (0 to 1) scatters those who have failed together: up to half of the pause is left out, or added to what is
    asked for.
    """
    backed_off = min(_FIRST * 2 ** min(attempt, 20), _LONGEST)
    return min(asked, _LONGEST) * (1 + share / 10) if asked > 0 else backed_off * (1 - share / 2)


class Patience:
    """How long one user's failing requests are sent again.

    Each has `limit` seconds from its first attempt; but where nothing at all has come back for as long, no further
    request waits: a cloud that is down is waited for once, not once a request.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._failing_since: float | None = None
        self._tells_again = 0.0

    def succeeded(self) -> None:
        """Note that the cloud is there."""
        self._failing_since = None

    def wait(self, began: float, attempt: int, header: str | None, what: str) -> bool:
        """Wait for the next attempt at a request that began then (by the clock); False = there is to be none.

        `what` has failed, which is told once a minute.
        """
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = began
        left = self.limit - (now - min(began, self._failing_since))
        if left <= 0:
            return False
        if now >= self._tells_again:
            self._tells_again = now + _QUIET
            _log.warning("%s - it is sent again for up to %g s", what, self.limit)
        seconds = min(pause(attempt, asked_to_wait(header, time.time()), random.random()), left)  # noqa: S311 - no secret
        stop = given_up.get()
        if stop is None:
            time.sleep(seconds)
            return True
        return not stop.wait(seconds)
