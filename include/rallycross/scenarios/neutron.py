"""Networks."""

from rallycross.scenarios.scenario import scenario
from rallycross.scenarios.steps import neutron
from rallycross.scenarios.steps.neutron import NetworkOptions
from rallycross.scenarios.user import User


@scenario("NeutronNetworks.create_and_delete_networks", services=["network"], cleanup=["neutron"])
async def create_and_delete_networks(user: User, network_create_args: NetworkOptions | None = None) -> None:
    """Create a network, then delete it."""
    network = await neutron.create_network(user, **(network_create_args or {}))
    await neutron.delete_network(user, network)
