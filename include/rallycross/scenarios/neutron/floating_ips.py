"""Scenarios about floating IPs."""

from rallycross.scenario.arguments import ExternalNetwork
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import floating_ips, networks, ports, routers, subnets
from rallycross.scenarios.neutron.steps.floating_ips import FloatingIpOptions


@scenario("NeutronNetworks.create_and_list_floating_ips", services=["network"], cleanup=["neutron"])
async def create_and_list_floating_ips(
    user: User, floating_network: ExternalNetwork | None = None, floating_ip_args: FloatingIpOptions | None = None
) -> None:
    """Create a floating IP, in the first external network unless one is named; then list all that the user sees."""
    await floating_ips.create_floating_ip(user, floating_network, **(floating_ip_args or {}))
    await floating_ips.list_floating_ips(user)


@scenario("NeutronNetworks.create_and_delete_floating_ips", services=["network"], cleanup=["neutron"])
async def create_and_delete_floating_ips(
    user: User, floating_network: ExternalNetwork | None = None, floating_ip_args: FloatingIpOptions | None = None
) -> None:
    """Create a floating IP, in the first external network unless one is named; then delete it."""
    floating_ip = await floating_ips.create_floating_ip(user, floating_network, **(floating_ip_args or {}))
    await floating_ips.delete_floating_ip(user, floating_ip)


@scenario("NeutronNetworks.associate_and_dissociate_floating_ips", services=["network"], cleanup=["neutron"])
async def associate_and_dissociate_floating_ips(user: User, floating_network: ExternalNetwork | None = None) -> None:
    """Create a floating IP, and a port behind a router; associate the two, then part them."""
    outside = await floating_ips.external_network(user, floating_network)
    floating_ip = await floating_ips.create_floating_ip(user, outside)
    network = await networks.create_network(user)
    subnet = await subnets.create_subnet(user, network)
    port = await ports.create_port(user, network)
    router = await routers.create_router(user)
    await routers.add_gateway(user, router, outside)
    await routers.add_interface(user, router, subnet)
    await floating_ips.associate_floating_ip(user, floating_ip, port=port)
    await floating_ips.dissociate_floating_ip(user, floating_ip)
