"""Waiting for a thing in a cloud to become what it should."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rallycross.cloud.errors import ApiError, ResourceFailed, WaitedTooLong

Thing = dict[str, Any]
Look = Callable[[], Awaitable[Thing]]

# Between two looks passes this share of the time waited so far, within bounds: what takes a second is seen to a tenth
# of a second, and what takes minutes does not burden the cloud with questions.
POLL_SHARE = 0.05
POLL_SHORTEST = 0.1
POLL_LONGEST = 1.0


async def wait_for(look: Look, status: str, *, limit: float, what: str) -> Thing:
    """Look, at once and again and again, until the thing's status is `status`, in any case; return it as it then is.

    Raise `ResourceFailed` with the cloud's reason when it ends in an error state, `WaitedTooLong` after `limit`
    seconds.
    """
    return await _until(look, {status.lower()}, limit=limit, what=f"{what} is not {status}")


async def wait_gone(look: Look, *, limit: float, what: str) -> None:
    """Look until the cloud says that there is no such thing any more.

    Raise `ResourceFailed` when it ends in an error state, `WaitedTooLong` after `limit` seconds.
    """
    try:
        await _until(look, {"deleted", "soft_deleted"}, limit=limit, what=f"{what} is not gone")
    except ApiError as error:
        if error.status != 404:
            raise


async def _until(look: Look, wanted: set[str], *, limit: float, what: str) -> Thing:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        thing = await look()
        status = str(thing.get("status", "")).lower()
        if status in wanted:
            return thing
        if status.startswith("error") or status == "killed":
            raise ResourceFailed(f"{what}: it is in status {thing['status']}: {_reason(thing)}")
        waited = loop.time() - began
        if waited >= limit:
            raise WaitedTooLong(f"{what} after {limit:g} s: it is in status {status or 'unknown'}")
        await asyncio.sleep(min(max(waited * POLL_SHARE, POLL_SHORTEST), POLL_LONGEST, limit - waited))


def _reason(thing: Thing) -> str:
    fault = thing.get("fault") or {}
    return str(fault.get("message") or thing.get("message") or "the cloud gives no reason")
