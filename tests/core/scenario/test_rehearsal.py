"""Rehearsing scenarios without a cloud."""

import asyncio
from typing import Any

import pytest

from rallycross.cloud.errors import ResourceFailed
from rallycross.load.iteration import Iteration
from rallycross.scenario.arguments import FileText, Image
from rallycross.scenario.rehearsal import Calls, rehearse
from rallycross.scenario.scenario import SCENARIOS, Scenario, scenario
from rallycross.scenario.user import SdkUser, User
from rallycross.scenarios.nova.steps import servers as nova

BOOT = {"image": {"name": "i"}, "flavor": {"id": "f"}, "min_sleep": 3600, "max_sleep": 3600}
IMAGE = {"container_format": "bare", "disk_format": "raw", "image_location": "https://nowhere.example/x"}


@pytest.mark.parametrize(
    ("name", "args", "sent", "polls"),
    [
        ("Authenticate.keystone", {}, {("POST", "identity"): 1}, False),
        ("KeystoneBasic.create_delete_user", {}, {("POST", "identity"): 1, ("DELETE", "identity"): 1}, False),
        ("NovaServers.list_servers", {}, {("GET", "compute"): 1}, False),
        ("NovaServers.boot_and_delete_server", BOOT, {("POST", "compute"): 1, ("DELETE", "compute"): 1}, True),
        (
            "GlanceImages.create_and_delete_image",
            IMAGE,
            {("POST", "image"): 1, ("PUT", "image"): 1, ("DELETE", "image"): 1},
            True,
        ),
        (
            "CinderVolumes.create_and_delete_volume",
            {"size": {"min": 1, "max": 2}},
            {("POST", "block-storage"): 1, ("DELETE", "block-storage"): 1},
            True,
        ),
    ],
)
def test_the_requests_of_an_iteration_are_counted(
    name: str, args: dict[str, Any], sent: dict[tuple[str, str], int], polls: bool
) -> None:
    """Requests are counted by method and service, polling apart; an hour's sleep takes no time."""
    calls = rehearse(SCENARIOS[name], args)
    assert calls is not None
    assert (calls.sent, calls.polls, calls.total) == (sent, polls, sum(sent.values()))


async def _alone(iteration: Iteration) -> None:  # noqa: ARG001 - the role is in the name
    """Do it without a cloud."""
    raise AssertionError("is never called")


async def _both(admin: User, user: User, image: Image, template: FileText) -> None:
    """Look at what contexts have left, as the administrator and as a user."""
    [network] = user.tenant.resources["networks"]
    await admin.get("network", f"/networks/{network['id']}/{image}")
    for server in (await user.get("compute", "/servers"))["servers"]:
        await nova.delete_server(user, server, force=True)
    await asyncio.gather(*(user.get("compute", f"/{template}") for _ in range(3)))


async def _picky(user: User) -> None:
    """Want more of an answer than a stand-in has."""
    if (await user.get("compute", "/limits"))["limits"] != {"absolute": 7}:
        raise ResourceFailed("not what was meant")


async def _endless(user: User) -> None:
    """Never come to an end."""
    while True:
        await user.get("compute", "/servers")


async def _sleepless(user: User) -> None:
    """Wait for something that does not come."""
    while user:
        await user.pause(60, 60)


def _plain(user: SdkUser) -> None:
    """Run on a thread."""


@pytest.fixture(name="made")
def _made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Scenario]:
    """Make scenarios."""
    monkeypatch.setattr(SCENARIOS, "_found", {})
    for function in (_alone, _both, _picky, _endless, _sleepless, _plain):
        scenario(f"T.{function.__name__}")(function)
    return SCENARIOS._found


def test_a_scenario_without_a_cloud_is_not_run(made: dict[str, Scenario]) -> None:
    """What needs no cloud sends it nothing, and is not even called."""
    assert rehearse(made["T._alone"], {}) == Calls()


def test_whoever_acts_is_counted(made: dict[str, Scenario]) -> None:
    """Requests of the administrator and of users count, also those that are sent at the same time; looks do not."""
    calls = rehearse(made["T._both"], {"image": {"name": "i"}, "template": "gone.yaml"})
    assert calls is not None
    assert calls.sent == {("GET", "network"): 1, ("GET", "compute"): 4, ("POST", "compute"): 1}
    assert calls.polls


@pytest.mark.parametrize("name", ["T._picky", "T._endless", "T._sleepless", "T._plain"])
def test_what_a_stand_in_cannot_carry_through_is_not_known(made: dict[str, Scenario], name: str) -> None:
    """A scenario that fails on a stand-in, never ends, or runs on a thread has no count rather than a wrong one."""
    assert rehearse(made[name], {}) is None
