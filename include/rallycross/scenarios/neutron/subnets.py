"""Scenarios about subnets."""

from rallycross.errors import RallycrossError
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.arguments import Count, contradictions
from rallycross.scenarios.neutron.steps import networks, subnets
from rallycross.scenarios.neutron.steps.networks import NetworkOptions
from rallycross.scenarios.neutron.steps.subnets import SubnetOptions, SubnetUpdates


@scenario(
    "NeutronNetworks.create_and_list_subnets",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_list_subnets(
    user: User,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
) -> None:
    """Create a network with subnets, then list all subnets that the user sees."""
    network = await networks.create_network(user, **(network_create_args or {}))
    options = subnet_create_args or {}
    await subnets.create_subnets(user, network, subnets_per_network, start=subnet_cidr_start, **options)
    await subnets.list_subnets(user)


@scenario(
    "NeutronNetworks.create_and_update_subnets",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions("subnet_update_args"),
)
async def create_and_update_subnets(
    user: User,
    subnet_update_args: SubnetUpdates,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    *,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
) -> None:
    """Create a network with subnets, then change each of them."""
    network = await networks.create_network(user, **(network_create_args or {}))
    options = subnet_create_args or {}
    for subnet in await subnets.create_subnets(user, network, subnets_per_network, start=subnet_cidr_start, **options):
        await subnets.update_subnet(user, subnet, **subnet_update_args)


@scenario(
    "NeutronNetworks.create_and_show_subnets",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_show_subnets(
    user: User,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
) -> None:
    """Create subnets in a network that exists, or in a new one; then request each by its id."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    options = subnet_create_args or {}
    for subnet in await subnets.create_subnets(user, network, subnets_per_network, start=subnet_cidr_start, **options):
        await subnets.show_subnet(user, subnet)


@scenario(
    "NeutronNetworks.create_and_delete_subnets",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_delete_subnets(
    user: User,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
) -> None:
    """Create subnets in a network that exists, or in a new one; then delete each."""
    network = await networks.network_of_iteration(user, **(network_create_args or {}))
    options = subnet_create_args or {}
    for subnet in await subnets.create_subnets(user, network, subnets_per_network, start=subnet_cidr_start, **options):
        await subnets.delete_subnet(user, subnet)


@scenario(
    "NeutronSubnets.delete_subnets",
    services=["network"],
    cleanup=["neutron"],
    requires=["network"],
    changes_contexts=True,
)
async def delete_subnets(user: User) -> None:
    """Delete one subnet of each network that the context made: the first user the first, the second the second ..."""
    colleagues = [one.id for one in user.context_data.users if one.tenant.id == user.tenant.id]
    number = colleagues.index(user.actor.id) if user.actor else 0
    for network in user.tenant.resources["networks"]:
        if number >= len(network["subnets"]):
            raise RallycrossError(
                f"network {network['id']} has no subnet for user {number + 1} of the project - let"
                " `subnets_per_network` of the context `network` be at least `users_per_tenant`"
            )
        await subnets.delete_subnet(user, {"id": network["subnets"][number]})
