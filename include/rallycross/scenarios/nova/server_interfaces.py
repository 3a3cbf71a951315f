"""Scenarios with the network interfaces and floating IPs of servers."""

from functools import partial
from typing import Any, Unpack

from rallycross.scenario.arguments import ExternalNetwork, Flavor, Image
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.neutron.steps import floating_ips
from rallycross.scenarios.neutron.steps.networks import NetworkOptions, network_of_iteration
from rallycross.scenarios.neutron.steps.subnets import SubnetOptions, create_subnet
from rallycross.scenarios.nova.steps import server_addresses, server_interfaces, servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions

_with_network = partial(scenario, services=["compute", "image", "network"], requires=["network"])


@_with_network("NovaServers.boot_server_and_list_interfaces", cleanup=["nova"])
async def boot_server_and_list_interfaces(
    user: User, image: Image, flavor: Flavor, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, then list its interfaces."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_interfaces.list_interfaces(user, server)


@scenario(
    "NovaServers.boot_server_and_attach_interface",
    services=["compute", "image", "network"],
    cleanup=["nova", "neutron"],
)
async def boot_server_and_attach_interface(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    network_create_args: NetworkOptions | None = None,
    subnet_create_args: SubnetOptions | None = None,
    subnet_cidr_start: str | None = None,
    boot_server_args: ServerOptions | None = None,
) -> None:
    """Create a subnet, in a network of the contexts or a new one, boot a server, then attach the network to it."""
    network = await network_of_iteration(user, **(network_create_args or {}))
    await create_subnet(user, network, start=subnet_cidr_start, **(subnet_create_args or {}))
    server = await servers.boot_server(user, image, flavor, **(boot_server_args or {}))
    await server_interfaces.attach_interface(user, server, network["id"])


@_with_network("NovaServers.boot_and_associate_floating_ip", cleanup=["nova", "neutron.floatingip"])
async def boot_and_associate_floating_ip(
    user: User,
    image: Image,
    flavor: Flavor,
    floating_network: ExternalNetwork | None = None,
    create_floating_ip_args: dict[str, Any] | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, then associate a floating IP with it.

    `create_floating_ip_args` is an older form of `floating_network`.
    """
    server = await servers.boot_server(user, image, flavor, **options)
    network = _external(floating_network, create_floating_ip_args)
    floating_ip = await floating_ips.create_floating_ip(user, network)
    await server_addresses.associate_floating_ip(user, server, floating_ip)


@_with_network("NovaServers.boot_server_associate_and_dissociate_floating_ip", cleanup=["nova", "neutron.floatingip"])
async def boot_server_associate_and_dissociate_floating_ip(
    user: User,
    image: Image,
    flavor: Flavor,
    floating_network: ExternalNetwork | None = None,
    create_floating_ip_args: dict[str, Any] | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, associate a floating IP with it, then part them again."""
    server = await servers.boot_server(user, image, flavor, **options)
    network = _external(floating_network, create_floating_ip_args)
    floating_ip = await floating_ips.create_floating_ip(user, network)
    await server_addresses.associate_floating_ip(user, server, floating_ip)
    await server_addresses.dissociate_floating_ip(user, server, floating_ip)


def _external(floating_network: str | None, older_form: dict[str, Any] | None) -> str | None:
    """Return the external network that is asked for: an id, or in the older form also a name; None = any."""
    older = older_form or {}
    network: str | None = floating_network or older.get("ext_network") or older.get("floating_network")
    return network
