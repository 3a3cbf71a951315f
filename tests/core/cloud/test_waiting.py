"""Waiting, in virtual time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from virtual_time import run_virtually

from rallycross.cloud.errors import ApiError, ResourceFailed, WaitedTooLong
from rallycross.cloud.waiting import POLL_LONGEST, POLL_SHORTEST, wait_for, wait_gone


def story(*chapters: tuple[float, dict[str, Any] | int]) -> tuple[Callable[[], Any], list[float]]:
    """Return a look at a thing that changes at these times, and the times at which it was looked at."""
    looks: list[float] = []
    began: list[float] = []

    async def look() -> dict[str, Any]:
        now = asyncio.get_running_loop().time()
        began.append(now)
        looks.append(now - began[0])
        now_is = [what for since, what in chapters if looks[-1] >= since][-1]
        if isinstance(now_is, int):
            raise ApiError("GET", "/it", now_is, "gone", None)
        return now_is

    return look, looks


@pytest.mark.parametrize("moment", [0.0, 0.4, 1.0, 3.7, 30.0, 200.0])
def test_a_change_is_seen_soon_after_it_happens(moment: float) -> None:
    """A change is seen within a tenth of a second, or a twentieth of the time waited, and never later than a second."""
    look, looks = story((0, {"status": "BUILD"}), (moment, {"status": "ACTIVE", "n": 1}))
    thing = run_virtually(wait_for(look, "active", limit=300, what="server"))
    assert thing["n"] == 1
    assert looks[0] == 0
    assert looks[-1] - moment <= min(max(POLL_SHORTEST, 0.05 * moment), POLL_LONGEST) + 1e-9


def test_long_waits_ask_seldom() -> None:
    """In five minutes a thing is looked at fewer than 400 times."""
    look, looks = story((0, {"status": "BUILD"}), (299, {"status": "ACTIVE"}))
    run_virtually(wait_for(look, "ACTIVE", limit=300, what="server"))
    assert len(looks) < 400


def test_an_error_state_ends_the_wait_with_the_clouds_reason() -> None:
    """A thing in an error state is not waited for any longer; the fault's message is told."""
    look, looks = story((0, {"status": "BUILD"}), (1, {"status": "ERROR", "fault": {"message": "No valid host"}}))
    with pytest.raises(ResourceFailed, match="server 7 is not ACTIVE: it is in status ERROR: No valid host"):
        run_virtually(wait_for(look, "ACTIVE", limit=300, what="server 7"))
    assert looks[-1] < 1.2


def test_a_wait_has_a_limit() -> None:
    """After the limit, and one look at that moment, the wait ends and says what it had waited for."""
    look, looks = story((0, {"status": "BUILD"}))
    with pytest.raises(WaitedTooLong, match="server 7 is not ACTIVE after 20 s: it is in status build"):
        run_virtually(wait_for(look, "ACTIVE", limit=20, what="server 7"))
    assert looks[-1] == pytest.approx(20)


@pytest.mark.parametrize("last", [404, {"status": "DELETED"}])
def test_gone_is_when_the_cloud_does_not_know_it(last: Any) -> None:
    """A thing is gone when it is not found, or says so itself."""
    look, looks = story((0, {"status": "ACTIVE"}), (2, last))
    run_virtually(wait_gone(look, limit=300, what="server"))
    assert 2 <= looks[-1] < 2.2


def test_a_failed_deletion_is_told() -> None:
    """What ends in an error state instead of going is a failure, and so is an answer other than not found."""
    look, _ = story((0, {"status": "deleting"}), (1, {"status": "error_deleting"}))
    with pytest.raises(ResourceFailed, match="volume is not gone: it is in status error_deleting"):
        run_virtually(wait_gone(look, limit=300, what="volume"))
    look, _ = story((0, 503))
    with pytest.raises(ApiError, match="503"):
        run_virtually(wait_gone(look, limit=300, what="volume"))
