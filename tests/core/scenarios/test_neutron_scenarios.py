"""What a real cloud does not show of the scenarios of neutron: ranges, pages, rare choices, and wrong arguments."""

import asyncio
import ipaddress
from types import SimpleNamespace
from typing import Any, cast

import pytest
from acting import iterate
from hypothesis import given
from hypothesis import strategies as st
from small_cloud import SmallCloud

from rallycross import catalogue, task
from rallycross.errors import InvalidInput, RallycrossError
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.ports import BINDING_AGENTS, _binding_host
from rallycross.scenarios.neutron.steps.lists import listed
from rallycross.scenarios.neutron.steps.subnets import _own_cidr


def _user(number: int, tenants: list[int]) -> User:
    """Return the user of an iteration; contexts have made some subnets in each project."""
    there = {str(one): SimpleNamespace(resources={"subnets": [{}] * count}) for one, count in enumerate(tenants)}
    found = SimpleNamespace(iteration=SimpleNamespace(number=number), context_data=SimpleNamespace(tenants=there))
    return cast("User", found)


@given(
    st.sampled_from(["10.2.0.0/24", "1.1.0.7/30", "dead:beaf::/64"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(1, 4),
)
def test_no_two_subnets_of_a_load_overlap(start: str, tenants: list[int], of: int) -> None:
    """The subnets of different iterations, and those that contexts made before, have different ranges."""
    ranges = [
        ipaddress.ip_network(_own_cidr(_user(number, tenants), start, one, of))
        for number in range(4)
        for one in range(of)
    ]
    assert len(set(ranges)) == len(ranges)
    first = ipaddress.ip_network(start, strict=False)
    assert len({one.prefixlen for one in (*ranges, first)}) == 1
    made = sum(tenants) * first.num_addresses
    assert min(int(one.network_address) for one in ranges) == int(first.network_address) + made


def test_ports_share_the_networks_of_the_context(small_cloud: SmallCloud) -> None:
    """Each iteration takes the next network of the project, and creates none."""
    networks = [{"id": "n1"}, {"id": "n2"}]
    for number in range(3):
        iterate("NeutronNetworks.create_and_list_ports", small_cloud, number=number, resources={"networks": networks})
    assert [port["network_id"] for port in small_cloud.things["ports"].values()] == ["n1", "n2", "n1"]
    assert small_cloud.count("networks") == 0


def test_a_filter_that_is_false_is_sent() -> None:
    """`false` is a value to look for, as in neutron's client."""
    asked = []

    class Cloud:
        async def get(self, _service: str, _path: str, **params: str) -> Any:
            asked.append(params)
            return {"ports": []}

    asyncio.run(listed(cast("User", Cloud()), "/ports", "ports", {"admin_state_up": False}))
    assert asked == [{"admin_state_up": "False"}]


def _host(agents: list[dict[str, Any]], agentless: list[str]) -> str:
    shared = {"networking_agents": agents, "agentless_hosts": agentless}
    return _binding_host(cast("User", SimpleNamespace(context_data=SimpleNamespace(shared=shared))), BINDING_AGENTS)


def test_ports_are_bound_where_an_agent_lives() -> None:
    """The host has a live agent that binds ports; it is one of nova's only if there are no agents at all."""
    live = {"host": "a", "admin_state_up": True, "alive": True, "agent_type": "Open vSwitch agent"}
    useless = [{**live, "alive": False}, {**live, "admin_state_up": False}, {**live, "agent_type": "DHCP agent"}]
    assert _host([live, *useless], []) == "a"
    assert _host([], ["b"]) == "b"
    with pytest.raises(RallycrossError, match="no live agent that binds ports, of type Open vSwitch agent or"):
        _host(useless, ["b"])


def test_each_user_deletes_a_subnet_of_its_own(small_cloud: SmallCloud) -> None:
    """The first user deletes the first subnet of each network; without one left for it, the error says what to do."""
    small_cloud.things["subnets"] = {one: {"id": one} for one in ("s1", "s2", "s3")}
    networks = [{"id": "n1", "subnets": ["s1", "s2"]}, {"id": "n2", "subnets": ["s3"]}]
    iterate("NeutronSubnets.delete_subnets", small_cloud, resources={"networks": networks})
    assert list(small_cloud.things["subnets"]) == ["s2"]
    with pytest.raises(RallycrossError, match="n1 has no subnet for user 1 of the project - let `subnets_per_network`"):
        iterate("NeutronSubnets.delete_subnets", small_cloud, resources={"networks": [{"id": "n1", "subnets": []}]})


@pytest.mark.parametrize(
    ("scenario", "args", "message"),
    [
        ("create_and_update_ports", "port_update_args: {}", "port_update_args: it is empty, so there is nothing to"),
        ("create_and_update_networks", "network_update_args: {name: n}", "network_update_args.name: "),
        ("create_and_list_subnets", "subnet_cidr_start: 10.2", "subnet_cidr_start: "),
        ("create_and_list_subnets", "subnets_per_network: 0", "subnets_per_network: "),
        (
            "create_and_show_network",
            "network_create_args: {router_external: true, 'router:external': true}",
            "network_create_args.router_external: the API's name of this option is given as well - remove one",
        ),
    ],
)
def test_wrong_arguments_are_told_before_the_load(scenario: str, args: str, message: str) -> None:
    """An argument that would make every iteration fail is an error at its place in the file."""
    text = f"version: 2\ntitle: t\nsubtasks:\n- title: s\n  scenario:\n    NeutronNetworks.{scenario}:\n      {args}\n"
    with pytest.raises(InvalidInput) as caught:
        task.load(text, file="t.yaml", known=catalogue.known())
    assert f"NeutronNetworks.{scenario}.{message}" in str(caught.value)
    assert str(caught.value).startswith("t.yaml:7:")
