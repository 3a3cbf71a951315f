"""Scenarios that move a server to another flavor or host."""

from typing import Unpack

from rallycross.scenario.arguments import Flavor, Image, Seconds
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.nova.steps import server_actions, server_moves, servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions


@scenario("NovaServers.resize_server", services=["compute", "image"], cleanup=["nova"])
async def resize_server(
    user: User,
    image: Image,
    flavor: Flavor,
    to_flavor: Flavor,
    *,
    confirm: bool = True,
    force_delete: bool = False,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, resize it, confirm or revert that, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_moves.resize(user, server, to_flavor)
    await server_moves.confirm_or_revert(user, server, confirm=confirm)
    await servers.delete_server(user, server, force=force_delete)


@scenario("NovaServers.resize_shutoff_server", services=["compute", "image"], cleanup=["nova"])
async def resize_shutoff_server(
    user: User,
    image: Image,
    flavor: Flavor,
    to_flavor: Flavor,
    *,
    confirm: bool = True,
    force_delete: bool = False,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, stop it, resize it, confirm or revert that, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_actions.stop_server(user, server)
    await server_moves.resize(user, server, to_flavor)
    await server_moves.confirm_or_revert(user, server, "SHUTOFF", confirm=confirm)
    await servers.delete_server(user, server, force=force_delete)


@scenario(
    "NovaServers.boot_and_migrate_server",
    services=["compute", "image"],
    cleanup=["nova"],
    disrupts="moves servers to other compute hosts",
)
async def boot_and_migrate_server(
    user: User, admin: User, image: Image, flavor: Flavor, *, confirm: bool = True, **options: Unpack[ServerOptions]
) -> None:
    """Boot a server, migrate it to another host, confirm or revert that, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await server_moves.migrate(user, admin, server)
    await server_moves.confirm_or_revert(user, server, confirm=confirm)
    await servers.delete_server(user, server)


@scenario(
    "NovaServers.boot_and_live_migrate_server",
    services=["compute", "image"],
    cleanup=["nova"],
    disrupts="moves servers to other compute hosts",
)
async def boot_and_live_migrate_server(
    user: User,
    admin: User,
    image: Image,
    flavor: Flavor,
    *,
    block_migration: bool = False,
    disk_over_commit: bool = False,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, migrate it to another host while it runs, then delete it."""
    server = await servers.boot_server(user, image, flavor, **options)
    await user.pause(min_sleep, max_sleep)
    await server_moves.live_migrate(
        user, admin, server, block_migration=block_migration, disk_over_commit=disk_over_commit
    )
    await servers.delete_server(user, server)
