"""Waiting, in virtual time."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from virtual_time import run_virtually

from rallycross.cloud.condition import Also, becomes, goes
from rallycross.cloud.errors import ApiError, ResourceFailed, WaitedTooLong
from rallycross.cloud.resource import Resource
from rallycross.cloud.shared_poll import POLL_LONGEST, POLL_SHORTEST, SharedPoll
from rallycross.cloud.waiting import RallyPolling, Waiting, as_rally

ALONE = Resource("nova.servers", "project", "compute", "/servers", one="server")  # without a list
LISTED = replace(ALONE, listing="/servers/detail")
CHANGED = replace(LISTED, since="changes-since")

Story = list[tuple[float, dict[str, Any] | int]]  # from when on a thing is what; a number: the API answers with it


class Stories:
    """A cloud whose things change at given times, by their ids."""

    def __init__(self, **stories: Story) -> None:
        self.stories = stories
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self._began: float | None = None
        self.takes: dict[str, float] = {}  # path -> seconds until it is answered
        self.answers: dict[str, Any] = {}  # path -> what it is answered with instead, or the error

    async def get(self, _: str, path: str, **params: str) -> Any:
        """Answer as the thing is now."""
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        self.asked.append((now - self._began, path, params))
        await asyncio.sleep(self.takes.get(path, 0))
        if isinstance(answer := self.answers.get(path), Exception):
            raise answer
        if answer is not None:
            return answer
        if path.endswith("/detail"):
            everything = [self._now(name) for name in self.stories]
            there = [thing for thing in everything if isinstance(thing, dict)]
            return {"servers": [thing for thing in there if thing["updated"] >= params.get("changes-since", "")]}
        thing = self._now(path.rpartition("/")[2])
        if isinstance(thing, int):
            raise ApiError("GET", path, thing, "as told", None)
        return {"server": thing}

    def _now(self, name: str) -> dict[str, Any] | int:
        elapsed = asyncio.get_running_loop().time() - (self._began or 0.0)
        [*_, (since, what)] = [chapter for chapter in self.stories[name] if elapsed >= chapter[0]]
        return what if isinstance(what, int) else {"id": name, "updated": f"T{since:07.1f}", **what}

    def looks(self, path: str) -> list[float]:
        """Return when a path was asked for."""
        return [at for at, asked, _ in self.asked if asked == path]


def becoming(moment: float, last: dict[str, Any] | int | None = None) -> Story:
    """Return the story of a server that is built until then."""
    return [(0, {"status": "BUILD"}), (moment, last if last is not None else {"status": "ACTIVE"})]


def wait(cloud: Stories, kind: Resource, *names: str, limit: float = 300.0, gone: bool = False) -> list[dict[str, Any]]:
    """Wait for all of them at the same time, in one project."""

    async def main() -> list[dict[str, Any]]:
        waiting = Waiting()
        conditions = [
            goes(kind, one, limit=limit) if gone else becomes(kind, one, "active", limit=limit) for one in names
        ]
        return await asyncio.gather(*(waiting.until(condition, "project", cloud.get) for condition in conditions))

    return run_virtually(main())


@pytest.mark.parametrize("moment", [0.0, 0.4, 1.0, 3.7, 30.0, 200.0])
def test_a_change_is_seen_soon_after_it_happens(moment: float) -> None:
    """A change is seen within a tenth of a second, or a twentieth of the time waited, and never later than a second."""
    cloud = Stories(one=becoming(moment, {"status": "ACTIVE", "n": 1}))
    [thing] = wait(cloud, ALONE, "one")
    assert thing["n"] == 1
    looks = cloud.looks("/servers/one")
    assert looks[0] == 0
    assert looks[-1] - moment <= min(max(POLL_SHORTEST, 0.05 * moment), POLL_LONGEST) + 1e-9


@pytest.mark.parametrize("kind", [LISTED, CHANGED])
@pytest.mark.parametrize("moment", [0.4, 3.7, 30.0])
def test_many_see_their_changes_as_soon_as_one(kind: Resource, moment: float) -> None:
    """Many waiters see changes as soon as a single one, with one list instead of a request each."""
    cloud = Stories(**{f"s{n}": becoming(moment + n * 0.01) for n in range(40)})
    seen: dict[str, float] = {}

    async def main() -> None:
        waiting = Waiting()
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def one(name: str) -> None:
            await waiting.until(becomes(kind, name, "ACTIVE", limit=300), "project", cloud.get)
            seen[name] = loop.time() - began

        await asyncio.gather(*(one(name) for name in cloud.stories))

    run_virtually(main())
    for n in range(40):
        changed = moment + n * 0.01
        assert 0 <= seen[f"s{n}"] - changed <= min(max(POLL_SHORTEST, 0.05 * changed), POLL_LONGEST) + 1e-6
    alone = Stories(one=becoming(moment + 0.4))
    wait(alone, ALONE, "one")
    assert len(cloud.asked) < 5 * len(alone.asked) + 2 * 40  # each first alone, where the list needs a time


def test_a_list_is_asked_for_what_has_changed() -> None:
    """The list's parameter is the earliest time of a last change, so every resource is in the list."""
    build = {"status": "BUILD"}
    cloud = Stories(one=[(0, build), (1, build), (2, {"status": "ACTIVE"})], two=[(0, build), (0.5, build), (3, 404)])
    with pytest.raises(ApiError, match="404"):
        wait(cloud, CHANGED, "one", "two")
    lists = [params for _, path, params in cloud.asked if path == "/servers/detail"]
    assert lists[0] == {"changes-since": "T00000.0"}
    assert list(dict.fromkeys(params["changes-since"] for params in lists)) == ["T00000.0", "T00000.5"]
    assert cloud.looks("/servers/one") == [0]


@pytest.mark.parametrize("kind", [ALONE, CHANGED])
def test_a_wait_may_be_for_more_than_a_status(kind: Resource) -> None:
    """A wait with `also` ends when both are true, and its message names both."""
    busy, idle = {"status": "ACTIVE", "task": "saving"}, {"status": "ACTIVE", "task": None}
    also = Also("without a task", lambda thing: thing["task"] is None)
    cloud = Stories(one=[(0, busy), (5, idle)], two=[(0, busy)])

    async def until(name: str, limit: float) -> Any:
        return await Waiting().until(becomes(kind, name, "ACTIVE", limit=limit, also=also), "project", cloud.get)

    assert run_virtually(until("one", 300))["task"] is None
    with pytest.raises(WaitedTooLong, match="server two is not ACTIVE without a task after 9 s"):
        run_virtually(until("two", 9))


def test_projects_look_apart() -> None:
    """Resources of one project are never requested with another project's token."""
    cloud, other = Stories(one=becoming(1)), Stories(two=becoming(1))

    async def main() -> None:
        waiting = Waiting()
        await asyncio.gather(
            waiting.until(becomes(LISTED, "one", "ACTIVE", limit=9), "project", cloud.get),
            waiting.until(becomes(LISTED, "two", "ACTIVE", limit=9), "another", other.get),
        )

    run_virtually(main())
    assert {path for _, path, _ in cloud.asked} == {"/servers/one"}
    assert {path for _, path, _ in other.asked} == {"/servers/two"}


def test_long_waits_ask_seldom() -> None:
    """A wait of five minutes sends fewer than 400 requests."""
    cloud = Stories(one=becoming(299))
    wait(cloud, ALONE, "one")
    assert len(cloud.asked) < 400


@pytest.mark.parametrize("kind", [ALONE, LISTED, CHANGED])
def test_an_error_state_ends_the_wait_with_the_clouds_reason(kind: Resource) -> None:
    """A resource in an error state ends its wait with the fault's message; others continue."""
    broken = {"status": "ERROR", "fault": {"message": "No valid host"}}
    cloud = Stories(seven=becoming(1, broken), eight=becoming(2))

    async def main() -> list[Any]:
        waiting = Waiting()
        conditions = [becomes(kind, name, "ACTIVE", limit=300) for name in cloud.stories]
        return await asyncio.gather(
            *(waiting.until(condition, "project", cloud.get) for condition in conditions), return_exceptions=True
        )

    error, thing = run_virtually(main())
    assert isinstance(error, ResourceFailed)
    assert str(error) == "server seven is not ACTIVE: it is in status ERROR: No valid host"
    assert thing["status"] == "ACTIVE"


def test_a_wait_has_a_limit() -> None:
    """A wait ends after a last poll at its limit, and the error says what it waited for."""
    cloud = Stories(seven=becoming(1000))
    with pytest.raises(WaitedTooLong, match="server seven is not ACTIVE after 20 s: it is in status build"):
        wait(cloud, ALONE, "seven", limit=20)
    assert cloud.looks("/servers/seven")[-1] == pytest.approx(20)


@pytest.mark.parametrize("kind", [ALONE, LISTED, CHANGED])
@pytest.mark.parametrize("last", [404, {"status": "DELETED"}])
def test_gone_is_when_the_cloud_does_not_know_it(last: Any, kind: Resource) -> None:
    """A resource is gone if it is not found, or has a deleted status."""
    cloud = Stories(one=becoming(2, last), two=becoming(2.5, last))
    wait(cloud, kind, "one", "two", gone=True)
    assert 2.5 <= cloud.asked[-1][0] < 2.8


def test_a_failed_deletion_is_told() -> None:
    """An error state, and any error but "not found", fail the wait for a deletion."""
    with pytest.raises(ResourceFailed, match="server one is not gone: it is in status error_deleting"):
        wait(Stories(one=becoming(1, {"status": "error_deleting"})), ALONE, "one", gone=True)
    with pytest.raises(ApiError, match="503"):
        wait(Stories(one=[(0, 503)]), ALONE, "one", gone=True)


def test_who_gives_up_leaves_the_others_waiting() -> None:
    """A cancelled wait does not affect others."""
    cloud = Stories(one=becoming(5), two=becoming(5))

    async def main() -> dict[str, Any]:
        waiting = Waiting()
        one, two = (
            asyncio.create_task(waiting.until(becomes(LISTED, name, "ACTIVE", limit=9), "project", cloud.get))
            for name in cloud.stories
        )
        await asyncio.sleep(1)
        one.cancel()
        return await two

    assert run_virtually(main())["status"] == "ACTIVE"


def test_as_rally_looks_when_rally_does() -> None:
    """With a delay of one second and intervals of two, a change at 1.5 s is seen at 3 s; one second is idle."""
    cloud = Stories(one=becoming(1.5))
    idle: list[float] = []

    async def pause(seconds: float) -> None:
        idle.append(seconds)
        await asyncio.sleep(seconds)

    async def main() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        cloud._began = began
        await as_rally(becomes(ALONE, "one", "ACTIVE", limit=9), RallyPolling(1, 2), cloud.get, pause)
        return loop.time() - began

    assert run_virtually(main()) == pytest.approx(3)
    assert (cloud.looks("/servers/one"), idle) == ([1, 3], [1])


def test_a_kind_that_needs_a_microversion_is_polled_with_it() -> None:
    """Requests for one thing and for a list have the microversion of their kind."""
    kind = replace(ALONE, listing="/servers/detail", microversion="3.58")
    cloud = Stories(one=becoming(2), two=becoming(2))

    async def main() -> None:
        watch = SharedPoll(kind, cloud.get)
        await asyncio.gather(*(watch.wait(becomes(kind, name, "ACTIVE", limit=9)) for name in cloud.stories))

    run_virtually(main())
    assert {path for _, path, _ in cloud.asked} >= {"/servers/detail"}
    assert {asked["microversion"] for _, _, asked in cloud.asked} == {"3.58"}


def test_a_look_that_takes_its_time_keeps_nobody_from_looking() -> None:
    """While one answer takes three seconds, other waits are polled as usual, also new ones."""
    cloud = Stories(slow=becoming(0), quick=becoming(0.3), late=becoming(0))
    cloud.takes["/servers/slow"] = 3
    seen: dict[str, float] = {}

    async def main() -> None:
        waiting, loop = Waiting(), asyncio.get_running_loop()
        began = loop.time()

        async def one(name: str, after: float = 0) -> None:
            await asyncio.sleep(after)
            await waiting.until(becomes(CHANGED, name, "ACTIVE", limit=9), "project", cloud.get)
            seen[name] = loop.time() - began

        await asyncio.gather(one("slow"), one("quick"), one("late", after=1))

    run_virtually(main())
    assert seen == {"slow": pytest.approx(3), "quick": pytest.approx(0.3, abs=0.11), "late": pytest.approx(1)}


def test_a_cloud_that_does_not_answer_is_not_waited_for_without_end() -> None:
    """An unanswered poll ends the wait ten seconds after its limit."""
    cloud = Stories(one=becoming(0))
    cloud.takes["/servers/one"] = 10_000
    with pytest.raises(WaitedTooLong, match="server one is not ACTIVE after 20 s: the cloud does not answer"):
        wait(cloud, ALONE, "one", limit=20)


@pytest.mark.parametrize("answer", [None, {}, {"server": None}, {"server": {"status": "ERROR", "fault": "odd"}}])
def test_an_odd_answer_fails_who_waits_for_it(answer: Any) -> None:
    """An invalid answer fails the wait at once."""
    cloud = Stories(one=becoming(0))
    cloud.answers["/servers/one"] = answer if answer is not None else TypeError("empty")
    with pytest.raises((TypeError, KeyError, AttributeError, ResourceFailed)):
        wait(cloud, ALONE, "one", limit=20)


def test_a_list_that_fails_fails_nobody_whose_own_look_does_not() -> None:
    """If the list is refused, each resource is requested by its id."""
    cloud = Stories(one=becoming(1), two=becoming(1))
    cloud.answers["/servers/detail"] = ApiError("GET", "/servers/detail", 503, "busy", None)
    assert [thing["status"] for thing in wait(cloud, LISTED, "one", "two")] == ["ACTIVE", "ACTIVE"]
