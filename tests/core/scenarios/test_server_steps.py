"""What the steps with servers send and accept that a trial on a real cloud does not show."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.client import Client, open_http
from rallycross.cloud.context_data import Actor, ContextData, Tenant
from rallycross.load.iteration import Iteration
from rallycross.scenario.scenario import SCENARIOS
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import servers
from rallycross.scenarios.nova.steps.server_addresses import addresses
from rallycross.scenarios.nova.steps.server_options import ServerOptions, microversion_for, server_request

Do = Callable[[User], Awaitable[Any]]
NETWORKS = {"networks": [{"id": "n1"}, {"id": "n2"}, {"id": "n3"}]}


def as_user(cloud: SmallCloud, do: Do, *, number: int = 0, **of_contexts: Any) -> Any:
    """Do something as a user of a load, in an iteration of this number."""
    entry = cloud.cloud()

    async def main() -> Any:
        async with open_http(entry) as http:
            iteration = Iteration(number, asyncio.get_running_loop().time)
            actor = Actor(entry, Tenant("p", "project", of_contexts.get("resources", {})), "u")
            actor.secgroup = of_contexts.get("secgroup", {})
            context_data = ContextData(entry)
            return await do(User(Client(SignIn(entry), http), iteration, "w", context_data=context_data, actor=actor))

    return asyncio.run(main())


def asked(cloud: SmallCloud, options: ServerOptions, **more: Any) -> dict[str, Any]:
    """Return what the cloud is asked for when a server is booted with these options."""
    requests: list[dict[str, Any]] = []
    create = cloud._new
    cloud._new = lambda kind, wanted, project: requests.append(wanted) or create(kind, wanted, project)  # type: ignore[func-returns-value]
    as_user(cloud, lambda user: servers.boot_server(user, "i1", "f1", **options), **more)
    return requests[0]


@pytest.mark.parametrize(
    ("options", "networks"),
    [
        ({"tags": ["a"]}, "auto"),
        ({"tags": ["a"], "nics": [{"net-id": "mine"}]}, [{"uuid": "mine"}]),
        ({"tags": ["a"], "nics": []}, []),
        ({"meta": {"a": "b"}}, None),
    ],
)
def test_a_request_of_a_newer_microversion_names_its_networks(
    small_cloud: SmallCloud, options: ServerOptions, networks: object
) -> None:
    """From 2.37 on nova refuses a request for a server without networks; before, it chooses them itself."""
    assert asked(small_cloud, options).get("networks") == networks


@pytest.mark.parametrize(
    ("options", "number", "networks"),
    [
        ({}, 1, [{"uuid": "n1"}]),
        ({"auto_assign_nic": True}, 1, [{"uuid": "n2"}]),
        ({"auto_assign_nic": True}, 5, [{"uuid": "n3"}]),
        ({"auto_assign_nic": True, "nics": []}, 5, [{"uuid": "n3"}]),
        ({"auto_assign_nic": True, "nics": [{"net-id": "mine"}]}, 1, [{"uuid": "mine"}]),
        ({"nics": [{"net-id": "mine", "net-name": "whatever"}]}, 1, [{"uuid": "mine"}]),
    ],
)
def test_a_server_gets_a_network_of_the_contexts_unless_the_task_names_one(
    options: ServerOptions, number: int, networks: list[dict[str, str]], small_cloud: SmallCloud
) -> None:
    """A server is attached to the project's first network, or with `auto_assign_nic` to each in turn."""
    assert asked(small_cloud, options, number=number, resources=NETWORKS)["networks"] == networks


def test_a_network_may_be_given_by_name(small_cloud: SmallCloud) -> None:
    """`net-name` stands for the id of the network of that name, and a missing network is named."""
    small_cloud.things["networks"] = {"net-7": {"id": "net-7", "name": "blue"}}
    assert asked(small_cloud, {"nics": [{"net-name": "blue"}]})["networks"] == [{"uuid": "net-7"}]
    with pytest.raises(LookupError, match="no network 'red'"):
        asked(small_cloud, {"nics": [{"net-name": "red"}]})


@pytest.mark.parametrize(
    ("options", "groups"),
    [({}, ["open"]), ({"security_groups": ["web"]}, ["web", "open"]), ({"security_groups": ["open"]}, ["open"])],
)
def test_a_server_is_in_the_security_group_of_the_context(
    options: ServerOptions, groups: list[str], small_cloud: SmallCloud
) -> None:
    """The group that the context `allow_ssh` made is added once to those of the task file."""
    sent = asked(small_cloud, options, secgroup={"name": "open"})
    assert sent["security_groups"] == [{"name": name} for name in groups]


def test_rare_options_become_what_the_api_calls_them() -> None:
    """Options that few task files have are converted to the API's form too."""
    devices = {"vda": "V:::0", "vdb": "S:snap:5:1", "vdc": "W"}
    body = server_request(
        {"name": "n"},
        {"access_ip_v4": "192.0.2.1", "admin_pass": "p", "files": {"/etc/motd": "hi"}, "block_device_mapping": devices},
    )
    assert body["server"] == {
        "name": "n",
        "accessIPv4": "192.0.2.1",
        "adminPass": "p",
        "personality": [{"path": "/etc/motd", "contents": base64.b64encode(b"hi").decode()}],
        "block_device_mapping": [
            {"device_name": "vda", "volume_id": "V", "delete_on_termination": "0"},
            {"device_name": "vdb", "snapshot_id": "S", "volume_size": "5", "delete_on_termination": "1"},
            {"device_name": "vdc", "volume_id": "W"},
        ],
    }


@pytest.mark.parametrize(
    ("options", "least", "microversion"),
    [
        ({"key_name": "k"}, "", ""),
        ({"description": "d"}, "", "2.19"),
        ({"description": "d", "tags": ["t"]}, "", "2.52"),
        ({"description": "d"}, "2.60", "2.60"),
        ({"hostname": "h"}, "2.60", "2.90"),
    ],
)
def test_a_request_has_the_microversion_that_its_options_need(
    options: ServerOptions, least: str, microversion: str
) -> None:
    """Options that the API has only since a microversion raise that of the request, and nothing else does."""
    assert microversion_for(options, least=least) == microversion


def test_all_pages_of_a_list_are_read(small_cloud: SmallCloud) -> None:
    """A list of servers that nova cuts into pages is read to its end, with the same filters."""
    queries: list[dict[str, str]] = []

    async def pages(request: web.Request, _: str, path: str) -> web.Response | None:
        if path != "/servers/detail":
            return None
        queries.append(dict(request.query))
        number = int(request.query.get("marker", "0")) + 1
        following = {"rel": "next", "href": f"http://elsewhere/servers/detail?name=a&marker={number}"}
        return web.json_response({"servers": [{"id": str(number)}], "servers_links": [following] if number < 3 else []})

    small_cloud._special = pages  # type: ignore[method-assign]
    found = as_user(small_cloud, lambda user: servers.list_servers(user, filters={"name": "a"}))
    assert [server["id"] for server in found] == ["1", "2", "3"]
    assert queries == [{"name": "a"}, {"name": "a", "marker": "1"}, {"name": "a", "marker": "2"}]


def test_addresses_are_those_of_all_networks() -> None:
    """A server's addresses are read from each of its networks."""
    of_networks = {"a": [{"addr": "10.0.0.1"}, {"addr": "192.0.2.9"}], "b": [{"addr": "fd00::1"}]}
    assert addresses({"addresses": of_networks}) == {"10.0.0.1", "192.0.2.9", "fd00::1"}


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (1, 2, None),
        (2, 2, ("new_volume_size",)),
        (3, {"min": 1, "max": 3}, ("new_volume_size",)),
        ({"min": 1, "max": 5}, {"min": 2, "max": 3}, None),
        ({"min": 3, "max": 2}, 9, ("volume_size", "max")),
        (1, {"min": 3, "max": 2}, ("new_volume_size", "max")),
    ],
)
def test_a_volume_cannot_shrink(old: Any, new: Any, place: tuple[str, ...] | None) -> None:
    """Sizes that cannot grow, and ranges that are upside down, are flaws with their place."""
    signature = SCENARIOS["NovaServers.boot_server_attach_created_volume_and_extend"].signature
    flaws = list(signature.contradictions({"volume_size": old, "new_volume_size": new}))
    assert [flaw.path for flaw in flaws] == ([place] if place else [])
