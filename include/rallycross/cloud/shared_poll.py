"""Polls resources of one kind in one project, for all waiters together.

A single resource is requested by its id, several by one list: if the API supports it, a list of recent changes.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from rallycross.cloud.condition import Condition
from rallycross.cloud.errors import ApiError, ResourceFailed, WaitedTooLong
from rallycross.cloud.resource import Resource, Thing

Get = Callable[..., Awaitable[Any]]  # (service, path, microversion, **params) -> the answer's JSON

# The interval between two polls is this share of the time waited so far, within bounds: a wait of a second is measured
# to a tenth of a second, and a wait of minutes does not burden the cloud.
POLL_SHARE = 0.05
POLL_SHORTEST = 0.1
POLL_LONGEST = 1.0

LAST_LOOK = 10.0  # seconds that the last poll may take after the limit of the wait
_NOT_FOUND = 404
_TIMER_STEP = 1e-6  # seconds by which a timer may come early


class Waiter:
    """One wait. Its future `done` gets the resource ({} if it is gone), or the error that ends the wait."""

    def __init__(self, condition: Condition) -> None:
        loop = asyncio.get_running_loop()
        self.condition = condition
        self.done: asyncio.Future[Thing] = loop.create_future()
        self.began = self.next_look = loop.time()
        self.looking = False
        self.updated = ""  # when the resource last changed, by the cloud's clock
        self._status = "unknown"

    def see(self, thing: Thing | None) -> None:
        """Process the current state of the resource; None = it does not exist."""
        if self.done.done():
            return
        if thing is None:
            self.done.set_result({})
            return
        self.updated = str(thing.get("updated") or self.updated)
        self._status = str(thing.get("status", "unknown")).lower()
        if self.condition.met(self._status, thing):
            self.done.set_result(thing)
        elif self._status.startswith("error") or self._status == "killed":
            self.fail(ResourceFailed(f"{self.condition.what}: it is in status {thing['status']}: {_reason(thing)}"))

    def fail(self, error: Exception) -> None:
        """End the wait with an error."""
        if not self.done.done():
            self.done.set_exception(error)

    def distance(self, now: float) -> float:
        """Return the seconds between two polls."""
        return min(max((now - self.began) * POLL_SHARE, POLL_SHORTEST), POLL_LONGEST)

    def look_again(self, now: float) -> None:
        """Schedule the next poll. The last one is at the limit; after it the wait fails."""
        ends = self.began + self.condition.limit
        if now >= ends:
            reason = f"{self.condition.what} after {self.condition.limit:g} s: it is in status {self._status}"
            self.fail(WaitedTooLong(reason))
        self.next_look = min(now + self.distance(now), ends)


class SharedPoll:
    """All waits for resources of one kind in one project. A slow poll does not delay the others."""

    def __init__(self, kind: Resource, get: Get) -> None:
        self._kind = kind
        self._get = get
        self._microversion = {"microversion": kind.microversion} if kind.microversion else {}
        self._waiters: set[Waiter] = set()
        self._watching: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()  # set when a wait begins or a poll has ended

    async def wait(self, condition: Condition) -> Thing:
        """Wait for a condition; return the resource as it then is."""
        waiter = Waiter(condition)
        self._waiters.add(waiter)
        self._news.set()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name=f"watch {self._kind.path}")
        try:
            async with asyncio.timeout(condition.limit + LAST_LOOK):
                return await waiter.done
        except TimeoutError as error:
            raise WaitedTooLong(f"{condition.what} after {condition.limit:g} s: the cloud does not answer") from error
        finally:
            self._waiters.discard(waiter)

    async def ask(self, waiter: Waiter) -> None:
        """Request one resource by its id."""
        try:
            path = f"{self._kind.path}/{waiter.condition.identifier}"
            answer = await self._get(self._kind.service, path, **self._microversion)
            waiter.see(dict(answer[self._kind.one] if self._kind.one else answer))
        except ApiError as error:
            if error.status == _NOT_FOUND and waiter.condition.gone:
                waiter.see(None)
            else:
                waiter.fail(error)
        except Exception as error:  # noqa: BLE001 - the waiter raises it
            waiter.fail(error)

    async def _watch(self) -> None:
        """Start polls when they are due, as long as there are waiters."""
        clock = asyncio.get_running_loop().time
        while waiting := [waiter for waiter in self._waiters if not waiter.done.done()]:
            idle = [waiter for waiter in waiting if not waiter.looking]
            pause = min((waiter.next_look for waiter in idle), default=math.inf) - clock()
            if pause <= _TIMER_STEP:
                self._begin_look(idle, clock())
                continue
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), None if pause == math.inf else pause)

    def _begin_look(self, idle: list[Waiter], now: float) -> None:
        """Start a poll for all waiters that are due, and with it for those that soon will be."""
        due = [waiter for waiter in idle if waiter.next_look - now <= waiter.distance(now) / 2]
        # A list of changes needs a start time by the cloud's clock, so the first poll of each waiter is by id.
        listed = [waiter for waiter in due if waiter.updated or not self._kind.since] if self._kind.listing else []
        if len(listed) > 1:
            self._start(self._list(listed), listed)
            due = [waiter for waiter in due if waiter not in listed]
        for waiter in due:
            self._start(self.ask(waiter), [waiter])

    def _start(self, look: Coroutine[Any, Any, None], waiters: list[Waiter]) -> None:
        for waiter in waiters:
            waiter.looking = True

        def ended(task: asyncio.Task[None]) -> None:
            self._looks.discard(task)
            now = asyncio.get_running_loop().time()
            for waiter in waiters:
                waiter.looking = False
                if not waiter.done.done():
                    waiter.look_again(now)
            self._news.set()

        task = asyncio.create_task(look, name=f"look at {self._kind.path}")
        self._looks.add(task)
        task.add_done_callback(ended)

    async def _list(self, waiters: list[Waiter]) -> None:
        """Poll several resources by one list; request by id those that are not in it, or all if the list fails."""
        params = {self._kind.since: min(waiter.updated for waiter in waiters)} if self._kind.since else {}
        found: dict[str, Thing] = {}
        with suppress(Exception):  # the requests by id then report the error to each waiter
            answer = await self._get(self._kind.service, self._kind.listing, **self._microversion, **params)
            found = {thing["id"]: thing for thing in answer[self._kind.collection]}
            for waiter in waiters:
                if thing := found.get(waiter.condition.identifier):
                    waiter.see(thing)
        # A resource that is not in the list is gone, or on another page.
        await asyncio.gather(*(self.ask(waiter) for waiter in waiters if waiter.condition.identifier not in found))


def _reason(thing: Thing) -> str:
    fault = thing.get("fault")
    message = fault.get("message") if isinstance(fault, Mapping) else fault
    return str(message or thing.get("message") or "the cloud gives no reason")
