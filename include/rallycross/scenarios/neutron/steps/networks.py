"""Steps with networks."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps.lists import Filters, listed

Network = dict[str, Any]

EXTERNAL: Filters = {"router:external": True}

# Options that Rally takes by both names: the API's, and one with an underscore.
_ApiNames = TypedDict(
    "_ApiNames",
    {
        "provider:network_type": str,
        "provider:physical_network": str,
        "provider:segmentation_id": int,
        "router:external": bool,
    },
    total=False,
)


class _Options(_ApiNames, total=False):
    admin_state_up: bool
    description: str
    dns_domain: str
    mtu: int
    port_security_enabled: bool
    provider_network_type: str
    provider_physical_network: str
    provider_segmentation_id: int
    qos_policy_id: str | None
    router_external: bool
    segments: list[dict[str, Any]]
    shared: bool


class NetworkOptions(_Options, total=False):
    """Options of a new network, by Rally's names."""

    availability_zone_hints: list[str]
    project_id: str
    vlan_transparent: bool


class NetworkUpdates(_Options, total=False):
    """Options of an existing network, by Rally's names."""

    is_default: bool


# The API's names, where they differ.
_API_NAMES = {
    "provider_network_type": "provider:network_type",
    "provider_physical_network": "provider:physical_network",
    "provider_segmentation_id": "provider:segmentation_id",
    "router_external": "router:external",
}


def twice_named(options: Mapping[str, Any]) -> list[str]:
    """Return the options that are given by both of their names."""
    return [name for name, api_name in _API_NAMES.items() if name in options and api_name in options]


def _body(options: Mapping[str, Any]) -> dict[str, Any]:
    return {_API_NAMES.get(name, name): value for name, value in options.items()}


@step("neutron.create_network")
async def create_network(user: User, **options: Unpack[NetworkOptions]) -> Network:
    """Create a network."""
    body = {"name": user.name(), **_body(options)}
    network: Network = (await user.post("network", "/networks", {"network": body}))["network"]
    return network


async def network_of_iteration(user: User, **options: Unpack[NetworkOptions]) -> Network:
    """Return one of the networks that contexts have made or found in the project, each in turn, or else a new one."""
    if networks := user.tenant.resources.get("networks"):
        network: Network = networks[user.iteration.number % len(networks)]
        return network
    return await create_network(user, **options)


@step("neutron.show_network")
async def show_network(user: User, network: Network) -> Network:
    """Request a network by its id."""
    found: Network = (await user.get("network", f"/networks/{network['id']}"))["network"]
    return found


@step("neutron.update_network")
async def update_network(user: User, network: Network, **updates: Unpack[NetworkUpdates]) -> Network:
    """Change a network."""
    body = {"network": _body(updates)}
    updated: Network = (await user.put("network", f"/networks/{network['id']}", body))["network"]
    return updated


@step("neutron.delete_network")
async def delete_network(user: User, network: Network) -> None:
    """Delete a network."""
    await user.delete("network", f"/networks/{network['id']}")


@step("neutron.list_networks")
async def list_networks(user: User, filters: Filters | None = None) -> list[Network]:
    """List the networks that the user sees."""
    return await listed(user, "/networks", "networks", filters or {})


@step("neutron.list_agents")
async def list_agents(user: User, filters: Filters) -> list[dict[str, Any]]:
    """List neutron's agents. Only an administrator sees any."""
    return await listed(user, "/agents", "agents", filters)
