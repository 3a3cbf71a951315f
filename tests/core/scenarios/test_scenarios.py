"""The scenarios against a small cloud: their requests and their actions."""

import asyncio
import base64
import time
from pathlib import Path
from typing import Any

import pytest
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.cloud.errors import ApiError
from rallycross.load.iteration import Iteration
from rallycross.scenario.scenario import SCENARIOS
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps.server_options import server_request

WORKLOAD = "0badcafe-0000"


def run(cloud: SmallCloud, name: str, **args: Any) -> Iteration:
    """Run one iteration of a scenario, as the cloud's administrator."""

    async def main() -> Iteration:
        async with open_http(cloud.cloud()) as http:
            iteration = Iteration(0, asyncio.get_running_loop().time)
            client = Client(SignIn(cloud.cloud()), http)
            user = User(client, iteration, WORKLOAD, context_data=ContextData(cloud.cloud()))
            await SCENARIOS[name].function(user, **args)
            return iteration

    return asyncio.run(main())


def actions(iteration: Iteration) -> list[str]:
    """Return the names of what was timed."""
    return [action.name for action in iteration.actions]


@pytest.mark.parametrize(
    ("name", "args", "timed"),
    [
        ("Authenticate.keystone", {}, ["authenticate.keystone"]),
        ("KeystoneBasic.create_delete_user", {"enabled": False}, ["keystone.create_user", "keystone.delete_user"]),
        ("NovaServers.list_servers", {"detailed": False}, ["nova.list_servers"]),
        (
            "NovaServers.boot_and_delete_server",
            {"image": "i1", "flavor": "f1"},
            ["nova.boot_server", "nova.delete_server"],
        ),
        (
            "NovaServers.boot_and_delete_server",
            {"image": "i1", "flavor": "f1", "force_delete": True},
            ["nova.boot_server", "nova.force_delete_server"],
        ),
        (
            "NeutronNetworks.create_and_delete_networks",
            {"network_create_args": {"mtu": 1400}},
            ["neutron.create_network", "neutron.delete_network"],
        ),
        (
            "CinderVolumes.create_and_delete_volume",
            {"size": 1, "image": "i1", "description": "d"},
            ["cinder_v3.create_volume", "cinder_v3.delete_volume"],
        ),
    ],
)
def test_a_scenario_times_rallys_actions_and_leaves_nothing(
    name: str, args: dict[str, Any], timed: list[str], small_cloud: SmallCloud
) -> None:
    """Each scenario's actions have Rally's names and succeed, and it deletes what it creates."""
    small_cloud.ready_after = 0.15
    iteration = run(small_cloud, name, **args)
    assert actions(iteration) == timed
    assert not any(action.failed for action in iteration.actions)
    assert [small_cloud.count(kind) for kind in ("users", "servers", "networks", "volumes")] == [0, 0, 0, 0]


def test_an_image_is_uploaded_from_a_file_or_a_url(tmp_path: Path, small_cloud: SmallCloud) -> None:
    """The data of an image are read from a file or a URL."""
    file = tmp_path / "image.raw"
    file.write_bytes(b"x" * 1000)
    for location in (str(file), f"{small_cloud.url}/image/v2"):
        args = {"container_format": "bare", "disk_format": "raw", "image_location": location}
        iteration = run(small_cloud, "GlanceImages.create_and_delete_image", **args)
        assert actions(iteration) == ["glance_v2.create_image", "glance_v2.delete_image"]
    assert small_cloud.sent()["PUT image"] == 2
    assert list(small_cloud.things["images"]) == ["i1"]


def test_an_image_whose_source_is_not_there_fails(small_cloud: SmallCloud) -> None:
    """A URL that answers with an error fails the iteration."""
    args = {
        "container_format": "bare",
        "disk_format": "raw",
        "image_location": f"{small_cloud.url}/nothing/here/at/all",
    }
    with pytest.raises(Exception, match="401"):
        run(small_cloud, "GlanceImages.create_and_delete_image", **args)
    assert small_cloud.sent()["PUT image"] == 0


def test_the_boot_time_is_the_time_until_active(small_cloud: SmallCloud) -> None:
    """The boot ends with the first answer that has the status ACTIVE."""
    said: list[str] = []
    show = small_cloud._now
    small_cloud._now = lambda kind, thing: said.append(str(show(kind, thing)["status"])) or thing
    small_cloud.ready_after = 1.0
    iteration = run(small_cloud, "NovaServers.boot_and_delete_server", image="i1", flavor="f1")
    boot = iteration.actions[0]
    assert boot.name == "nova.boot_server"
    assert boot.duration >= 1.0
    assert said.count("ACTIVE") == 1
    assert said.index("ACTIVE") == len(said) - 1 >= 1


def test_a_pause_between_is_idle_time(small_cloud: SmallCloud) -> None:
    """`min_sleep` and `max_sleep` bound a pause that counts as idle and belongs to no action."""
    began = time.monotonic()
    iteration = run(
        small_cloud, "CinderVolumes.create_and_delete_volume", size={"min": 1, "max": 3}, min_sleep=0.2, max_sleep=0.2
    )
    whole = time.monotonic() - began
    assert 0.2 <= iteration.idle <= whole - sum(action.duration for action in iteration.actions)
    assert actions(iteration) == ["cinder_v3.create_volume", "cinder_v3.delete_volume"]


def test_a_refusal_fails_the_action(small_cloud: SmallCloud) -> None:
    """A refused request fails its action, and the failure has the request id."""
    small_cloud.refuse["POST compute"] = 403
    with pytest.raises(ApiError, match="403 as you wish") as caught:
        run(small_cloud, "NovaServers.boot_and_delete_server", image="i1", flavor="f1")
    assert caught.value.request_id


def test_a_server_may_get_one_of_the_projects_networks(small_cloud: SmallCloud) -> None:
    """With `auto_assign_nic` each server gets a network that the context network made in its project."""
    entry = small_cloud.cloud()
    tenant = Tenant("p", "project", {"networks": [{"id": "n1"}, {"id": "n2"}]})
    asked: list[Any] = []
    create = small_cloud._new
    small_cloud._new = lambda kind, wanted, project: asked.append(wanted) or create(kind, wanted, project)

    async def main() -> None:
        async with open_http(entry) as http:
            iteration = Iteration(0, asyncio.get_running_loop().time)
            actor = Actor(entry, tenant, "u")
            user = User(Client(SignIn(entry), http), iteration, WORKLOAD, context_data=ContextData(entry), actor=actor)
            await SCENARIOS["NovaServers.boot_and_delete_server"].function(user, "i1", "f1", auto_assign_nic=True)

    asyncio.run(main())
    assert asked[0]["networks"] in ([{"uuid": "n1"}], [{"uuid": "n2"}])


def test_server_options_become_what_the_api_calls_them() -> None:
    """Names of options in novaclient, and so in task files, are converted to the API's."""
    body = server_request(
        {"name": "n"},
        {
            "nics": [{"net-id": "N"}, {"port-id": "P"}],
            "meta": {"a": "b"},
            "security_groups": ["g"],
            "userdata": "#!/bin/sh",
            "scheduler_hints": {"group": "G"},
            "disk_config": "AUTO",
            "key_name": "k",
        },
    )
    assert body == {
        "server": {
            "name": "n",
            "networks": [{"uuid": "N"}, {"port": "P"}],
            "metadata": {"a": "b"},
            "security_groups": [{"name": "g"}],
            "user_data": base64.b64encode(b"#!/bin/sh").decode(),
            "OS-DCF:diskConfig": "AUTO",
            "key_name": "k",
        },
        "os:scheduler_hints": {"group": "G"},
    }
