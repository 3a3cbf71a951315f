"""Steps with networks."""

from typing import Any, TypedDict, Unpack

from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

Network = dict[str, Any]


class NetworkOptions(TypedDict, total=False):
    """Options of a new network, by Rally's names."""

    admin_state_up: bool
    availability_zone_hints: list[str]
    description: str
    dns_domain: str
    mtu: int
    port_security_enabled: bool
    project_id: str
    provider_network_type: str
    provider_physical_network: str
    provider_segmentation_id: int
    qos_policy_id: str
    router_external: bool
    segments: list[dict[str, Any]]
    shared: bool
    vlan_transparent: bool


# The API's names, where they differ.
_API_NAMES = {
    "provider_network_type": "provider:network_type",
    "provider_physical_network": "provider:physical_network",
    "provider_segmentation_id": "provider:segmentation_id",
    "router_external": "router:external",
}


@step("neutron.create_network")
async def create_network(user: User, **options: Unpack[NetworkOptions]) -> Network:
    """Create a network."""
    body = {"name": user.name(), **{_API_NAMES.get(name, name): value for name, value in options.items()}}
    network: Network = (await user.post("network", "/networks", {"network": body}))["network"]
    return network


@step("neutron.delete_network")
async def delete_network(user: User, network: Network) -> None:
    """Delete a network."""
    await user.delete("network", f"/networks/{network['id']}")
