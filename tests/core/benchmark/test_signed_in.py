"""The users of iterations, against a small cloud."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from small_cloud import SmallCloud

from rallycross.benchmark.job import Job
from rallycross.benchmark.signed_in import NoUsers, signed_in
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.load.iteration import Iteration
from rallycross.load.sample import Action
from rallycross.scenario.scenario import SCENARIOS, scenario
from rallycross.scenario.user import SdkUser, User


def acted(cloud: SmallCloud, name: str, *, users: int = 1, iterations: int = 1, **more: Any) -> list[Iteration]:
    """Run iterations of a scenario as a load process does, each user in turn."""
    entry = cloud.cloud()
    actors = [Actor(entry, Tenant(f"p{n}", f"project {n}"), f"u{n}") for n in range(users)]
    context_data = ContextData(entry, actors, {one.tenant.id: one.tenant for one in actors}, choose_at_random=False)
    context_data.api_versions = more.get("api_versions", {})
    job = Job("0badcafe", name, {}, "serial", {}, more.get("shard", 0), more.get("of", 1), context_data, "intended", "")

    async def main() -> list[Iteration]:
        async with signed_in(job, workers=2) as iterate:
            done = []
            for number in range(iterations):
                done.append(Iteration(number * job.of + job.shard, asyncio.get_running_loop().time))
                await iterate(done[-1])
            return done

    return asyncio.run(main())


@contextmanager
def registered(function: Any, name: str = "Test.this") -> Iterator[str]:
    """Let a function be a scenario for a while."""
    scenario(name)(function)
    try:
        yield name
    finally:
        del SCENARIOS._found[name]
        SCENARIOS.all.pop(name, None)


@pytest.fixture(name="scenarios", autouse=True)
def _scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a test registers be found."""
    monkeypatch.setattr(type(SCENARIOS), "__getitem__", lambda self, name: self._found.get(name) or self.all[name])


def test_a_plain_function_acts_by_a_connection_on_a_thread(small_cloud: SmallCloud) -> None:
    """It gets a signed-in openstacksdk connection and its project, and times nested actions and pauses."""
    seen: list[tuple[str, str, list[str]]] = []

    def plain(user: SdkUser) -> None:
        """Look at servers."""
        with user.action("outer"), user.action("inner"):
            servers = [server.id for server in user.connection.compute.servers()]
        user.pause(0.01, 0.01)
        seen.append((threading.current_thread().name, user.tenant.id, servers))

    with registered(plain) as name:
        [iteration] = acted(small_cloud, name)
    assert seen[0][0].startswith("iteration")
    assert seen[0][1:] == ("p0", [])
    assert [(action.name, action.depth) for action in iteration.actions] == [("outer", 0), ("inner", 1)]
    assert iteration.idle >= 0.01
    assert isinstance(iteration.actions[0], Action)


def test_a_plain_function_of_an_iteration_pauses(small_cloud: SmallCloud) -> None:
    """It calls `pause` as an async one does, only without awaiting it."""

    def plain(iteration: Iteration) -> None:
        """Pause."""
        iteration.pause(0.02)

    with registered(plain) as name:
        [iteration] = acted(small_cloud, name)
    assert iteration.idle >= 0.02


def test_a_plain_function_that_gives_back_a_coroutine_has_failed(small_cloud: SmallCloud) -> None:
    """A plain function that returns a coroutine fails, since its code has not run."""

    async def work() -> None:
        """Be never run."""

    def plain(iteration: Iteration) -> Any:  # noqa: ARG001 - as scenarios do
        """Forget that it is async."""
        return work()

    with registered(plain) as name, pytest.raises(TypeError, match="write it as `async def`"):
        acted(small_cloud, name)


def test_roles_are_given_in_the_order_of_the_function(small_cloud: SmallCloud) -> None:
    """A scenario with both roles gets administrator and user; the administrator has no project."""
    met: list[tuple[User, User]] = []

    async def both(admin: User, user: User) -> None:
        """Meet."""
        met.append((admin, user))

    with registered(both) as name:
        acted(small_cloud, name)
    [(admin, user)] = met
    assert (admin.actor, user.tenant.id) == (None, "p0")
    with pytest.raises(LookupError, match="no project of the load"):
        _ = admin.tenant


@pytest.mark.parametrize(
    ("shard", "of", "expected"), [(0, 1, [0, 1, 2, 3, 0]), (0, 2, [0, 2, 0, 2, 0]), (1, 2, [1, 3] * 2 + [1])]
)
def test_users_take_turns_and_shards_have_users_of_their_own(
    shard: int, of: int, expected: list[int], small_cloud: SmallCloud
) -> None:
    """Users are used in turn, and each of several shards signs in its own users."""
    turns: list[str] = []

    async def turn(user: User) -> None:
        """Say who acts."""
        turns.append(user.tenant.id)

    with registered(turn) as name:
        acted(small_cloud, name, users=4, iterations=5, shard=shard, of=of)
    assert turns == [f"p{n}" for n in expected]


@pytest.mark.parametrize("plain", [False, True])
def test_the_load_asks_for_the_versions_that_its_context_wants(plain: bool, small_cloud: SmallCloud) -> None:
    """Requests of both clients have the microversion of the context; a major version alone is none."""

    async def look(user: User) -> None:
        """List servers and volumes."""
        await user.get("compute", "/servers")
        await user.get("block-storage", "/volumes")

    def look_plainly(user: SdkUser) -> None:
        """List servers and volumes."""
        list(user.connection.compute.get("/servers").json())
        list(user.connection.block_storage.get("/volumes").json())

    wanted = {"nova": {"version": "2.87"}, "cinder": {"version": "3", "service_type": "volumev3"}, "heat": {}}
    with registered(look_plainly if plain else look) as name:
        acted(small_cloud, name, api_versions=wanted)
    lists = ("GET compute /servers", "GET block-storage /volumes")
    asked = {name: version for name, version in small_cloud.versions if name in lists}
    assert asked == dict(zip(lists, ("compute 2.87", ""), strict=True))


def test_a_scenario_without_its_users_says_what_to_do(small_cloud: SmallCloud) -> None:
    """Without users the load does not begin, and the error has the remedy."""
    with pytest.raises(NoUsers, match="add the context `users`"):
        acted(small_cloud, "NovaServers.list_servers", users=0)
