"""Scenarios about networks, and about neutron's agents."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.arguments import contradictions
from rallycross.scenarios.neutron.steps import networks as neutron
from rallycross.scenarios.neutron.steps.lists import Filters
from rallycross.scenarios.neutron.steps.networks import NetworkOptions, NetworkUpdates


@scenario(
    "NeutronNetworks.create_and_list_networks",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_list_networks(user: User, network_create_args: NetworkOptions | None = None) -> None:
    """Create a network, then list all that the user sees."""
    await neutron.create_network(user, **(network_create_args or {}))
    await neutron.list_networks(user)


@scenario(
    "NeutronNetworks.create_and_show_network",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_show_network(user: User, network_create_args: NetworkOptions | None = None) -> None:
    """Create a network, then request it by its id."""
    network = await neutron.create_network(user, **(network_create_args or {}))
    await neutron.show_network(user, network)


@scenario(
    "NeutronNetworks.create_and_update_networks",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions("network_update_args"),
)
async def create_and_update_networks(
    user: User, network_update_args: NetworkUpdates, network_create_args: NetworkOptions | None = None
) -> None:
    """Create a network, then change it."""
    network = await neutron.create_network(user, **(network_create_args or {}))
    await neutron.update_network(user, network, **network_update_args)


@scenario(
    "NeutronNetworks.create_and_delete_networks",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_delete_networks(user: User, network_create_args: NetworkOptions | None = None) -> None:
    """Create a network, then delete it."""
    network = await neutron.create_network(user, **(network_create_args or {}))
    await neutron.delete_network(user, network)


@scenario("NeutronNetworks.list_agents", services=["network"])
async def list_agents(user: User, agent_args: Filters | None = None) -> None:
    """List neutron's agents, those that match filters."""
    await neutron.list_agents(user, agent_args or {})
