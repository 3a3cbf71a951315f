"""Scenarios with volumes that are attached to servers."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any

from rallycross.scenario.arguments import Argument, Flavor, Image, Seconds, Size, draw, size_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import volumes
from rallycross.scenarios.cinder.steps.volumes import Volume, VolumeOptions
from rallycross.scenarios.nova.steps import attachments, server_moves, servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.scenarios.nova.steps.servers import Server
from rallycross.task.flaw import Flaw

AtLeastOne = Annotated[int, Argument({"type": "integer", "minimum": 1})]

_attaching = partial(scenario, services=["compute", "image", "block-storage"], cleanup=["cinder", "nova"])


async def _boot_and_attach(  # noqa: PLR0917 - a server and a volume
    user: User,
    image: str,
    flavor: str,
    size: int,
    server_options: ServerOptions | None,
    volume_options: VolumeOptions | None,
) -> tuple[Server, Volume]:
    server = await servers.boot_server(user, image, flavor, **(server_options or {}))
    volume = await volumes.create_volume(user, size, **(volume_options or {}))
    await attachments.attach_volume(user, server, volume)
    return server, volume


async def _take_down(user: User, server: Server, volume: Volume, *, force_delete: bool = False) -> None:
    await attachments.detach_volume(user, server, volume)
    await volumes.delete_volume(user, volume)
    await servers.delete_server(user, server, force=force_delete)


@_attaching(
    "NovaServers.boot_server_attach_created_volume_and_resize",
    contradictions=partial(size_contradictions, name="volume_size"),
)
async def boot_server_attach_created_volume_and_resize(
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
    """Boot a server, attach a new volume to it, resize the server, then delete both."""
    server, volume = await _boot_and_attach(
        user, image, flavor, draw(volume_size), boot_server_kwargs, create_volume_kwargs
    )
    await user.pause(min_sleep, max_sleep)
    await server_moves.resize(user, server, to_flavor)
    await server_moves.confirm_or_revert(user, server, confirm=confirm)
    if do_delete:
        await _take_down(user, server, volume, force_delete=force_delete)


def _shrinking(args: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield what is wrong with the sizes: a volume can only grow."""
    flaws = [flaw for name in ("volume_size", "new_volume_size") for flaw in size_contradictions(args, name)]
    yield from flaws
    old, new = args["volume_size"], args["new_volume_size"]
    most, least = (new if isinstance(new, int) else new["max"]), (old if isinstance(old, int) else old["min"])
    if not flaws and most <= least:
        yield Flaw(("new_volume_size",), f"{most} is not above `volume_size`, which is {least}", "name a larger size")


@_attaching(
    "NovaServers.boot_server_attach_created_volume_and_extend",
    contradictions=_shrinking,
    microversions={"block-storage": volumes.EXTENDS_IN_USE},
)
async def boot_server_attach_created_volume_and_extend(
    user: User,
    image: Image,
    flavor: Flavor,
    volume_size: Size,
    new_volume_size: Size,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    force_delete: bool = False,
    do_delete: bool = True,
    boot_server_kwargs: ServerOptions | None = None,
    create_volume_kwargs: VolumeOptions | None = None,
) -> None:
    """Boot a server, attach a new volume to it, extend the volume, then delete both."""
    server, volume = await _boot_and_attach(
        user, image, flavor, draw(volume_size), boot_server_kwargs, create_volume_kwargs
    )
    await user.pause(min_sleep, max_sleep)
    await volumes.extend_volume(user, volume, draw(new_volume_size), in_use=True)
    if do_delete:
        await _take_down(user, server, volume, force_delete=force_delete)


@_attaching(
    "NovaServers.boot_server_attach_created_volume_and_live_migrate",
    contradictions=size_contradictions,
    disrupts="moves servers to other compute hosts",
)
async def boot_server_attach_created_volume_and_live_migrate(
    user: User,
    admin: User,
    image: Image,
    flavor: Flavor,
    size: Size,
    *,
    block_migration: bool = False,
    disk_over_commit: bool = False,
    boot_server_kwargs: ServerOptions | None = None,
    create_volume_kwargs: VolumeOptions | None = None,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
) -> None:
    """Boot a server, attach a new volume to it, migrate the running server, then delete both."""
    server, volume = await _boot_and_attach(user, image, flavor, draw(size), boot_server_kwargs, create_volume_kwargs)
    await user.pause(min_sleep, max_sleep)
    await server_moves.live_migrate(
        user, admin, server, block_migration=block_migration, disk_over_commit=disk_over_commit
    )
    await _take_down(user, server, volume)


@_attaching("NovaServers.boot_server_attach_volume_and_list_attachments")
async def boot_server_attach_volume_and_list_attachments(
    user: User,
    image: Image,
    flavor: Flavor,
    *,
    volume_size: AtLeastOne = 1,
    volume_num: AtLeastOne = 2,
    boot_server_kwargs: ServerOptions | None = None,
    create_volume_kwargs: VolumeOptions | None = None,
) -> None:
    """Boot a server, attach several new volumes to it, then list its attachments."""
    server = await servers.boot_server(user, image, flavor, **(boot_server_kwargs or {}))
    attached = []
    for _ in range(volume_num):
        volume = await volumes.create_volume(user, volume_size, **(create_volume_kwargs or {}))
        attached.append(await attachments.attach_volume(user, server, volume))
    listed = [one["volumeId"] for one in await attachments.list_attachments(user, server)]
    if missing := [one["volumeId"] for one in attached if one["volumeId"] not in listed]:
        raise LookupError(f"the attachments of server {server['id']} do not include the volumes {', '.join(missing)}")
