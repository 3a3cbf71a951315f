"""Scenarios about ports."""

import random
import uuid

from rallycross.errors import RallycrossError
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.arguments import Count, contradictions
from rallycross.scenarios.neutron.steps import networks, ports, subnets
from rallycross.scenarios.neutron.steps.lists import Filters
from rallycross.scenarios.neutron.steps.networks import NetworkOptions
from rallycross.scenarios.neutron.steps.ports import PortOptions, PortUpdates

# Agents that bind ports to their host: Rally's default, and OVN's.
BINDING_AGENTS = ["Open vSwitch agent", "Linux bridge agent", "OVN Controller agent", "OVN Controller Gateway agent"]


@scenario(
    "NeutronNetworks.create_and_list_ports", services=["network"], cleanup=["neutron"], contradictions=contradictions()
)
async def create_and_list_ports(
    user: User,
    network_create_args: NetworkOptions | None = None,
    port_create_args: PortOptions | None = None,
    ports_per_network: Count = 1,
) -> None:
    """Create ports in a network that exists, or in a new one; then list all that the user sees."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    for _ in range(ports_per_network):
        await ports.create_port(user, network, **(port_create_args or {}))
    await ports.list_ports(user)


@scenario(
    "NeutronNetworks.create_and_update_ports",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions("port_update_args"),
)
async def create_and_update_ports(
    user: User,
    port_update_args: PortUpdates,
    network_create_args: NetworkOptions | None = None,
    port_create_args: PortOptions | None = None,
    ports_per_network: Count = 1,
) -> None:
    """Create ports in a network that exists, or in a new one; change each after its creation."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    for _ in range(ports_per_network):
        port = await ports.create_port(user, network, **(port_create_args or {}))
        await ports.update_port(user, port, **port_update_args)


@scenario(
    "NeutronNetworks.create_and_show_ports", services=["network"], cleanup=["neutron"], contradictions=contradictions()
)
async def create_and_show_ports(
    user: User,
    network_create_args: NetworkOptions | None = None,
    port_create_args: PortOptions | None = None,
    ports_per_network: Count = 1,
) -> None:
    """Create ports in a network that exists, or in a new one; request each by its id after its creation."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    for _ in range(ports_per_network):
        await ports.show_port(user, await ports.create_port(user, network, **(port_create_args or {})))


@scenario(
    "NeutronNetworks.create_and_delete_ports",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_delete_ports(
    user: User,
    network_create_args: NetworkOptions | None = None,
    port_create_args: PortOptions | None = None,
    ports_per_network: Count = 1,
) -> None:
    """Create ports in a network that exists, or in a new one; delete each after its creation."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    for _ in range(ports_per_network):
        await ports.delete_port(user, await ports.create_port(user, network, **(port_create_args or {})))


@scenario(
    "NeutronNetworks.create_and_bind_ports",
    services=["network"],
    cleanup=["neutron"],
    contexts={"networking_agents": {}, "network": {}},
)
async def create_and_bind_ports(
    user: User, admin: User, ports_per_network: Count = 1, agent_types: list[str] | None = None
) -> None:
    """Create an IPv4 and an IPv6 subnet in each network of the context, and ports; bind the ports to a host.

    The host is one with a live agent of one of the `agent_types`, by default those of Open vSwitch, Linux bridge, OVN.
    In a cloud that has no agents at all it is any host of nova.
    """
    host = _binding_host(user, agent_types or BINDING_AGENTS)
    mine = user.tenant.resources["networks"]
    for number, network in enumerate(mine):
        await subnets.create_subnet(user, network, number=number, of=len(mine), ip_version=4)
        await subnets.create_subnet(user, network, number=number, of=len(mine), ip_version=6)
        for _ in range(ports_per_network):
            port = await ports.create_port(user, network)
            # Only an administrator may bind a port; a bound one has a device.
            device: PortUpdates = {"device_owner": "compute:nova", "device_id": str(uuid.uuid4())}
            bound = await ports.update_port(admin, port, **device, **{"binding:host_id": host})
            if bound["binding:vif_type"] == "binding_failed":
                raise RallycrossError(f"port {port['id']} cannot be bound to host {host} - neutron's log says why")


def _binding_host(user: User, types: list[str]) -> str:
    shared = user.context_data.shared
    agents = shared["networking_agents"]
    live = [one["host"] for one in agents if one["admin_state_up"] and one["alive"] and one["agent_type"] in types]
    hosts = live if agents else shared["agentless_hosts"]
    if not hosts:
        raise RallycrossError(f"the cloud has no live agent that binds ports, of type {' or '.join(types)}")
    return str(hosts[-1])


@scenario(
    "NeutronNetworks.create_ports_in_bulk", services=["network"], cleanup=["neutron"], contradictions=contradictions()
)
async def create_ports_in_bulk(
    user: User,
    network_create_args: NetworkOptions | None = None,
    port_create_args: PortOptions | None = None,
    ports_per_request: Count = 50,
) -> None:
    """Create several ports by one request, in a network that exists, or in a new one."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    await ports.create_ports(user, network, ports_per_request, **(port_create_args or {}))


@scenario("NeutronNetworks.list_ports_by_pages", services=["network"], contexts={"network": {}, "ports": {}})
async def list_ports_by_pages(user: User, page_size: Count = 100, sort_key: str | None = None) -> None:
    """List the ports of a project page by page, each from the last port of the page before.

    The context `ports` makes the ports: `ports_per_network` says how many. Without a `sort_key` they are in the order
    of their ids. A port that is missing, or on two pages, is a failure.
    """
    found: list[str] = []
    further = True
    with user.action("neutron.list_ports"):
        while further:
            after = found[-1] if found else ""
            page, further = await ports.list_ports_page(user, page_size, after=after, sort_key=sort_key)
            found += [port["id"] for port in page]
            further = further and bool(page)
    missing = {port["id"] for port in user.tenant.resources["ports"]}.difference(found)
    if missing or len(set(found)) < len(found):
        twice = len(found) - len(set(found))
        raise RallycrossError(f"the pages have {twice} ports twice, and lack {len(missing)} that exist")


@scenario("NeutronNetworks.list_ports_after_marker", services=["network"], contexts={"network": {}, "ports": {}})
async def list_ports_after_marker(user: User, page_size: Count = 100) -> None:
    """List one page of the ports of a project, from a random port on: how long a page in the middle of a list takes."""
    port = random.choice(user.tenant.resources["ports"])  # noqa: S311 - no secret
    await ports.list_ports_page(user, page_size, after=port["id"])


@scenario("NeutronNetworks.list_ports_with_filters", services=["network"], contexts={"network": {}, "ports": {}})
async def list_ports_with_filters(user: User, filters: Filters | None = None) -> None:
    """List the ports of a project that match filters, by default one that the database has no index for.

    The default filter, a description, matches no port: what is measured is the search.
    """
    await ports.list_ports(user, filters or {"description": "nothing has this description"})
