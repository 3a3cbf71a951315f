"""Scenarios about servers."""

from typing import Unpack

from rallycross.scenario.arguments import Flavor, Image, Seconds
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import servers as nova
from rallycross.scenarios.nova.steps.servers import ServerOptions


@scenario("NovaServers.boot_and_delete_server", services=["compute", "image"], cleanup=["nova"])
async def boot_and_delete_server(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, then delete it."""
    server = await nova.boot_server(user, image, flavor, **options)
    await user.pause(min_sleep, max_sleep)
    await nova.delete_server(user, server, force=force_delete)


@scenario("NovaServers.list_servers", services=["compute"])
async def list_servers(user: User, *, detailed: bool = True) -> None:
    """List the servers of a project."""
    await nova.list_servers(user, detailed=detailed)
