"""Waiting for things in a cloud to become what they should, without loading the cloud with questions."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rallycross.cloud.condition import Condition
from rallycross.cloud.resource import Resource, Thing
from rallycross.cloud.shared_poll import Get, SharedPoll, Waiter


class Waiting:
    """All that wait in one process: those for things of one kind in one project look together.

    A condition that does not come true raises `ResourceFailed` with the cloud's reason where the thing ends in an error
    state, `WaitedTooLong` after the limit, and what the cloud's API itself raises.
    """

    def __init__(self) -> None:
        self._watches: dict[tuple[str | None, Resource], SharedPoll] = {}

    async def until(self, condition: Condition, project: str | None, get: Get) -> Thing:
        """Look at once and again and again; return the thing as it then is ({} where it is gone)."""
        key = (project, condition.kind)
        if key not in self._watches:
            self._watches[key] = SharedPoll(condition.kind, get)
        return await self._watches[key].wait(condition)


@dataclass(frozen=True)
class RallyPolling:
    """How Rally waits: how long before it looks at all, and then between two looks, in seconds."""

    before: float
    between: float


async def as_rally(
    condition: Condition, polling: RallyPolling, get: Get, pause: Callable[[float], Awaitable[None]]
) -> Thing:
    """Wait as Rally does, so that durations can be held against its own; raise as `Waiting` does."""
    if polling.before:
        await pause(polling.before)
    waiter, watch = Waiter(condition), SharedPoll(condition.kind, get)
    while True:
        await watch.ask(waiter)
        if not waiter.done.done():
            waiter.look_again(asyncio.get_running_loop().time())
        if waiter.done.done():
            return waiter.done.result()
        await asyncio.sleep(polling.between)
