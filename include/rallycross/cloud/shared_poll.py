"""Looks at things of one kind in one project, for all that wait for them.

One of them is asked for by its id, several by one list: where the API has it, of those that have changed lately. Each
look is for whoever waits.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from rallycross.cloud.condition import Condition
from rallycross.cloud.errors import ApiError, ResourceFailed, WaitedTooLong
from rallycross.cloud.resource import Resource, Thing

Get = Callable[..., Awaitable[Any]]  # (service, path, **params) -> the answer's JSON

# Between two looks passes this share of the time waited so far, within bounds: what takes a second is seen to a tenth
# of a second, and what takes minutes does not burden the cloud with questions.
POLL_SHARE = 0.05
POLL_SHORTEST = 0.1
POLL_LONGEST = 1.0

LAST_LOOK = 10.0  # seconds that the last look of a wait may take after the wait's limit
_NOT_FOUND = 404
_TIMER_STEP = 1e-6  # seconds by which a timer may come early


class Waiter:
    """One that waits. `done` gets the thing ({} where it is gone), or the error that ends the wait."""

    def __init__(self, condition: Condition) -> None:
        loop = asyncio.get_running_loop()
        self.condition = condition
        self.done: asyncio.Future[Thing] = loop.create_future()
        self.began = self.next_look = loop.time()
        self.looking = False
        self.updated = ""  # when the thing had last changed, by the cloud's clock
        self._status = "unknown"

    def see(self, thing: Thing | None) -> None:
        """Take the thing as it is now; None = there is no such thing."""
        if self.done.done():
            return
        if thing is None:
            self.done.set_result({})
            return
        self.updated = str(thing.get("updated") or self.updated)
        self._status = str(thing.get("status", "unknown")).lower()
        if self._status in self.condition.wanted:
            self.done.set_result(thing)
        elif self._status.startswith("error") or self._status == "killed":
            self.fail(ResourceFailed(f"{self.condition.what}: it is in status {thing['status']}: {_reason(thing)}"))

    def fail(self, error: Exception) -> None:
        """End the wait with an error."""
        if not self.done.done():
            self.done.set_exception(error)

    def distance(self, now: float) -> float:
        """Return how many seconds are to pass between two looks."""
        return min(max((now - self.began) * POLL_SHARE, POLL_SHORTEST), POLL_LONGEST)

    def look_again(self, now: float) -> None:
        """Say when the next look is to be; after the limit, and one look at that moment, there is none."""
        ends = self.began + self.condition.limit
        if now >= ends:
            reason = f"{self.condition.what} after {self.condition.limit:g} s: it is in status {self._status}"
            self.fail(WaitedTooLong(reason))
        self.next_look = min(now + self.distance(now), ends)


class SharedPoll:
    """Those who wait for things of one kind in one project. A slow look keeps nobody else from looking."""

    def __init__(self, kind: Resource, get: Get) -> None:
        self._kind = kind
        self._get = get
        self._waiters: set[Waiter] = set()
        self._watching: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()  # somebody has come, or a look has ended

    async def wait(self, condition: Condition) -> Thing:
        """Wait for one thing; return it as it then is."""
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
        """Look at one thing alone."""
        try:
            answer = await self._get(self._kind.service, f"{self._kind.path}/{waiter.condition.identifier}")
            waiter.see(dict(answer[self._kind.one] if self._kind.one else answer))
        except ApiError as error:
            if error.status == _NOT_FOUND and waiter.condition.gone:
                waiter.see(None)
            else:
                waiter.fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for the one who waits to raise
            waiter.fail(error)

    async def _watch(self) -> None:
        """Begin a look whenever one of the waiters is to look, as long as there are any."""
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
        """Begin to look for all that are to; and for those that soon will be, when others look anyway."""
        due = [waiter for waiter in idle if waiter.next_look - now <= waiter.distance(now) / 2]
        # A list of what has changed since a time needs to know one, by the cloud's clock: so the first look is alone.
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
        """Look at several by one list; at those that are not in it, or where there is none, one by one."""
        params = {self._kind.since: min(waiter.updated for waiter in waiters)} if self._kind.since else {}
        found: dict[str, Thing] = {}
        with suppress(Exception):  # what is wrong is told to each that then asks for itself
            answer = await self._get(self._kind.service, self._kind.listing, **params)
            found = {thing["id"]: thing for thing in answer[self._kind.collection]}
            for waiter in waiters:
                if thing := found.get(waiter.condition.identifier):
                    waiter.see(thing)
        # What is not in the list is gone, or the list is longer than a page.
        await asyncio.gather(*(self.ask(waiter) for waiter in waiters if waiter.condition.identifier not in found))


def _reason(thing: Thing) -> str:
    fault = thing.get("fault")
    message = fault.get("message") if isinstance(fault, Mapping) else fault
    return str(message or thing.get("message") or "the cloud gives no reason")
