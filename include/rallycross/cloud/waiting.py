"""Waits for conditions in a cloud, with as few requests as possible."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rallycross.cloud.condition import Condition
from rallycross.cloud.resource import Resource, Thing
from rallycross.cloud.shared_poll import Get, SharedPoll, Waiter


class Waiting:
    """All waits in one process. Waits for resources of one kind in one project share one poll.

    A wait raises `ResourceFailed` with the cloud's reason if the resource reaches an error state, `WaitedTooLong` after
    its limit, and errors of the API.
    """

    def __init__(self) -> None:
        self._watches: dict[tuple[str | None, Resource], SharedPoll] = {}

    async def until(self, condition: Condition, project: str | None, get: Get) -> Thing:
        """Wait until a condition is met; return the resource as it then is, or {} if it is gone."""
        key = (project, condition.kind)
        if key not in self._watches:
            self._watches[key] = SharedPoll(condition.kind, get)
        return await self._watches[key].wait(condition)


@dataclass(frozen=True)
class RallyPolling:
    """Rally's polling intervals in seconds: before the first poll, and between two polls."""

    before: float
    between: float


async def as_rally(
    condition: Condition, polling: RallyPolling, get: Get, pause: Callable[[float], Awaitable[None]]
) -> Thing:
    """Wait with Rally's intervals, so that durations are comparable with Rally's; raise as `Waiting` does."""
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
