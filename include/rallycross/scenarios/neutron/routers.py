"""Scenarios about routers."""

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.arguments import Count, contradictions
from rallycross.scenarios.neutron.steps import networks, routers, subnets
from rallycross.scenarios.neutron.steps.networks import NetworkOptions
from rallycross.scenarios.neutron.steps.routers import Router, RouterOptions, RouterUpdates
from rallycross.scenarios.neutron.steps.subnets import Subnet, SubnetOptions


async def _routed_subnets(
    user: User,
    count: int,
    *,
    network_create_args: NetworkOptions | None,
    subnet_create_args: SubnetOptions | None,
    subnet_cidr_start: str | None,
    router_create_args: RouterOptions | None,
) -> list[tuple[Router, Subnet]]:
    """Create a network, its routers, then its subnets, each joined to a router of its own."""
    network = await networks.create_network(user, **(network_create_args or {}))
    created = [await routers.create_router(user, **(router_create_args or {})) for _ in range(count)]
    return [
        (
            router,
            await subnets.create_subnet(
                user,
                network,
                start=subnet_cidr_start,
                number=number,
                of=count,
                router=router,
                **(subnet_create_args or {}),
            ),
        )
        for number, router in enumerate(created)
    ]


@scenario(
    "NeutronNetworks.create_and_list_routers",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_list_routers(
    user: User,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    *,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
    router_create_args: RouterOptions | None = None,
) -> None:
    """Create a network with subnets and a router for each, then list all routers that the user sees."""
    await _routed_subnets(
        user,
        subnets_per_network,
        network_create_args=network_create_args,
        subnet_create_args=subnet_create_args,
        subnet_cidr_start=subnet_cidr_start,
        router_create_args=router_create_args,
    )
    await routers.list_routers(user)


@scenario(
    "NeutronNetworks.create_and_show_routers",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_show_routers(
    user: User,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    *,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
    router_create_args: RouterOptions | None = None,
) -> None:
    """Create a network with subnets and a router for each, then request each router by its id."""
    for router, _ in await _routed_subnets(
        user,
        subnets_per_network,
        network_create_args=network_create_args,
        subnet_create_args=subnet_create_args,
        subnet_cidr_start=subnet_cidr_start,
        router_create_args=router_create_args,
    ):
        await routers.show_router(user, router)


@scenario(
    "NeutronNetworks.create_and_update_routers",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions("router_update_args"),
)
async def create_and_update_routers(
    user: User,
    router_update_args: RouterUpdates,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    *,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
    router_create_args: RouterOptions | None = None,
) -> None:
    """Create a network with subnets and a router for each, then change each router."""
    for router, _ in await _routed_subnets(
        user,
        subnets_per_network,
        network_create_args=network_create_args,
        subnet_create_args=subnet_create_args,
        subnet_cidr_start=subnet_cidr_start,
        router_create_args=router_create_args,
    ):
        await routers.update_router(user, router, **router_update_args)


@scenario(
    "NeutronNetworks.create_and_delete_routers",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def create_and_delete_routers(
    user: User,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    *,
    subnet_cidr_start: str | None = None,
    subnets_per_network: Count = 1,
    router_create_args: RouterOptions | None = None,
) -> None:
    """Create a network with subnets and a router for each, then part and delete each router."""
    for router, subnet in await _routed_subnets(
        user,
        subnets_per_network,
        network_create_args=network_create_args,
        subnet_create_args=subnet_create_args,
        subnet_cidr_start=subnet_cidr_start,
        router_create_args=router_create_args,
    ):
        await routers.remove_interface(user, router, subnet)
        await routers.delete_router(user, router)


@scenario(
    "NeutronNetworks.set_and_clear_router_gateway",
    services=["network"],
    cleanup=["neutron"],
    contradictions=contradictions(),
)
async def set_and_clear_router_gateway(
    user: User,
    enable_snat: bool | None = True,
    network_create_args: NetworkOptions | None = None,
    router_create_args: RouterOptions | None = None,
) -> None:
    """Create a network and a router, give the router a gateway to the network, then take the gateway away.

    `network_create_args` must make the network an external one, for which users need a role that may do so.
    """
    network = await networks.create_network(user, **(network_create_args or {}))
    router = await routers.create_router(user, **(router_create_args or {}))
    await routers.add_gateway(user, router, network, enable_snat=enable_snat)
    await routers.remove_gateway(user, router)
