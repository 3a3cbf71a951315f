"""Scenarios about networks."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import networks as neutron
from rallycross.scenarios.neutron.steps.networks import NetworkOptions


@scenario("NeutronNetworks.create_and_delete_networks", services=["network"], cleanup=["neutron"])
async def create_and_delete_networks(user: User, network_create_args: NetworkOptions | None = None) -> None:
    """Create a network, then delete it."""
    network = await neutron.create_network(user, **(network_create_args or {}))
    await neutron.delete_network(user, network)
