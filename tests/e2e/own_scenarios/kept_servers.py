"""A scenario whose iterations leave as much as they can, for the test of killed loads."""

from rallycross.scenario.arguments import ExternalNetwork, Flavor, Image
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import volumes
from rallycross.scenarios.neutron.steps import floating_ips
from rallycross.scenarios.nova.steps import attachments, server_addresses, servers


@scenario(
    "KeptServers.boot_with_volume_and_floating_ip",
    services=["compute", "image", "block-storage", "network"],
    cleanup=["nova", "cinder", "neutron.floatingip"],
    requires=["network"],
)
async def boot_with_volume_and_floating_ip(
    user: User, image: Image, flavor: Flavor, floating_network: ExternalNetwork
) -> None:
    """Boot a server, attach a new volume to it and associate a floating IP, and keep all of them."""
    server = await servers.boot_server(user, image, flavor)
    await attachments.attach_volume(user, server, await volumes.create_volume(user, 1))
    floating_ip = await floating_ips.create_floating_ip(user, floating_network)
    await server_addresses.associate_floating_ip(user, server, floating_ip)
