"""Scenarios with servers that boot from a volume."""

from functools import partial
from typing import Annotated, Unpack

from rallycross.scenario.arguments import Argument, Flavor, Image, Seconds, Size, VolumeType, draw, size_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import snapshots, volumes
from rallycross.scenarios.cinder.steps.volumes import Volume, VolumeOptions
from rallycross.scenarios.nova.steps import server_moves, server_volumes, servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions

AtLeastTwo = Annotated[int, Argument({"type": "integer", "minimum": 2})]

_booting_from_volume = partial(
    scenario,
    services=["compute", "image", "block-storage"],
    cleanup=["nova", "cinder"],
    boots_from="volume",
    contradictions=partial(size_contradictions, name="volume_size"),
)


async def _bootable_volume(
    user: User, image: str, size: Size, volume_type: str | None, options: VolumeOptions | None
) -> Volume:
    """Create a volume from an image."""
    wanted: VolumeOptions = {"imageRef": image}
    if volume_type:
        wanted["volume_type"] = volume_type
    return await volumes.create_volume(user, draw(size), **wanted | (options or {}))


@_booting_from_volume("NovaServers.boot_server_from_volume")
async def boot_server_from_volume(
    user: User,
    image: Image,
    flavor: Flavor,
    volume_size: Size,
    volume_type: VolumeType | None = None,
    *,
    create_volume_kwargs: VolumeOptions | None = None,
    boot_server_kwargs: ServerOptions | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Create a volume from an image, then boot a server from it. The clean-up deletes both."""
    volume = await _bootable_volume(user, image, volume_size, volume_type, create_volume_kwargs)
    await server_volumes.boot_from_volume(user, volume, flavor, **_chosen(boot_server_kwargs, options))


@_booting_from_volume("NovaServers.boot_server_from_volume_and_delete")
async def boot_server_from_volume_and_delete(
    user: User,
    image: Image,
    flavor: Flavor,
    volume_size: Size,
    volume_type: VolumeType | None = None,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    create_volume_kwargs: VolumeOptions | None = None,
    boot_server_kwargs: ServerOptions | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Create a volume from an image, boot a server from it, then delete the server."""
    volume = await _bootable_volume(user, image, volume_size, volume_type, create_volume_kwargs)
    server = await server_volumes.boot_from_volume(user, volume, flavor, **_chosen(boot_server_kwargs, options))
    await user.pause(min_sleep, max_sleep)
    await servers.delete_server(user, server, force=force_delete)


@_booting_from_volume("NovaServers.boot_server_from_volume_snapshot")
async def boot_server_from_volume_snapshot(
    user: User,
    image: Image,
    flavor: Flavor,
    volume_size: Size,
    volume_type: VolumeType | None = None,
    *,
    create_volume_kwargs: VolumeOptions | None = None,
    boot_server_kwargs: ServerOptions | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Create a volume from an image, make a snapshot of it, then boot a server from the snapshot."""
    volume = await _bootable_volume(user, image, volume_size, volume_type, create_volume_kwargs)
    snapshot = await snapshots.create_snapshot(user, volume)
    await server_volumes.boot_from_snapshot(user, snapshot, flavor, **_chosen(boot_server_kwargs, options))


@_booting_from_volume("NovaServers.boot_server_from_volume_and_resize")
async def boot_server_from_volume_and_resize(
    user: User,
    image: Image,
    flavor: Flavor,
    to_flavor: Flavor,
    volume_size: Size,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    confirm: bool = True,
    do_delete: bool = True,
    boot_server_kwargs: ServerOptions | None = None,
    create_volume_kwargs: VolumeOptions | None = None,
) -> None:
    """Create a volume from an image, boot a server from it, resize the server, then delete it."""
    volume = await _bootable_volume(user, image, volume_size, None, create_volume_kwargs)
    server = await server_volumes.boot_from_volume(user, volume, flavor, **(boot_server_kwargs or {}))
    await user.pause(min_sleep, max_sleep)
    await server_moves.resize(user, server, to_flavor)
    await server_moves.confirm_or_revert(user, server, confirm=confirm)
    if do_delete:
        await servers.delete_server(user, server, force=force_delete)


@_booting_from_volume(
    "NovaServers.boot_server_from_volume_and_live_migrate",
    disrupts="moves servers to other compute hosts",
)
async def boot_server_from_volume_and_live_migrate(
    user: User,
    admin: User,
    image: Image,
    flavor: Flavor,
    *,
    volume_size: Size,
    volume_type: VolumeType | None = None,
    block_migration: bool = False,
    disk_over_commit: bool = False,
    force_delete: bool = False,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    create_volume_kwargs: VolumeOptions | None = None,
    boot_server_kwargs: ServerOptions | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Create a volume from an image, boot a server from it, migrate the running server, then delete it."""
    volume = await _bootable_volume(user, image, volume_size, volume_type, create_volume_kwargs)
    server = await server_volumes.boot_from_volume(user, volume, flavor, **_chosen(boot_server_kwargs, options))
    await user.pause(min_sleep, max_sleep)
    await server_moves.live_migrate(
        user, admin, server, block_migration=block_migration, disk_over_commit=disk_over_commit
    )
    await servers.delete_server(user, server, force=force_delete)


@_booting_from_volume(
    "NovaServers.boot_servers_from_multiattach_volume", microversions={"compute": server_volumes.MULTIATTACH}
)
async def boot_servers_from_multiattach_volume(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    volume_size: Size,
    volume_type: VolumeType,
    count: AtLeastTwo = 2,
    create_volume_kwargs: VolumeOptions | None = None,
    boot_server_kwargs: ServerOptions | None = None,
) -> None:
    """Create a volume of a multi-attach type from an image, then boot several servers from it."""
    volume = await _bootable_volume(user, image, volume_size, volume_type, create_volume_kwargs)
    for _ in range(count):
        await server_volumes.boot_from_volume(user, volume, flavor, shared=True, **(boot_server_kwargs or {}))


def _chosen(boot_server_kwargs: ServerOptions | None, options: ServerOptions) -> ServerOptions:
    """Return the options of a server: those in `boot_server_kwargs`, or else those next to it, as older files have."""
    chosen = (boot_server_kwargs or options).copy()
    if "auto_assign_nic" in options:
        chosen["auto_assign_nic"] = options["auto_assign_nic"]
    return chosen
