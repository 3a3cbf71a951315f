"""Scenarios about volumes attached to servers."""

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from rallycross.scenario.arguments import (
    Count,
    Flavor,
    Image,
    Range,
    Size,
    VolumeType,
    draw,
    size_contradictions,
)
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import snapshots, volumes
from rallycross.scenarios.cinder.steps.snapshots import SnapshotOptions
from rallycross.scenarios.cinder.steps.volumes import VolumeOptions
from rallycross.scenarios.cinder.volumes import options_contradictions
from rallycross.scenarios.nova.steps import attachments, servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.task.flaw import Flaw

_USUAL: Range = {"min": 1, "max": 5}  # GiB, of a volume whose size is not given


def _twofold_options(args: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield the options of the server that are given beside `create_vm_params`."""
    yield from size_contradictions(args)
    if args.get("create_vm_params"):
        for option in ServerOptions.__annotations__:
            if option in args:
                yield Flaw((option,), "is an option of the server, beside `create_vm_params`", "move it into that")


@scenario(
    "CinderVolumes.create_and_attach_volume",
    services=["compute", "block-storage"],
    cleanup=["cinder", "nova"],
    contradictions=_twofold_options,
)
async def create_and_attach_volume(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    size: Size,
    image: Image,
    flavor: Flavor,
    create_volume_params: VolumeOptions | None = None,
    force_delete: bool = False,
    create_vm_params: ServerOptions | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Boot a server, create a volume, attach and detach it, then delete both."""
    server = await servers.boot_server(user, image, flavor, **(create_vm_params or options))
    volume = await volumes.create_volume(user, draw(size), **(create_volume_params or {}))
    await attachments.attach_volume(user, server, volume)
    await attachments.detach_volume(user, server, volume)
    await volumes.delete_volume(user, volume)
    await servers.delete_server(user, server, force=force_delete)


@scenario(
    "CinderVolumes.create_snapshot_and_attach_volume",
    services=["compute", "block-storage"],
    cleanup=["cinder", "nova"],
    contradictions=options_contradictions,
)
async def create_snapshot_and_attach_volume(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    image: Image,
    flavor: Flavor,
    volume_type: VolumeType | None = None,
    size: Size | None = None,
    create_vm_params: ServerOptions | None = None,
    **options: Unpack[SnapshotOptions],
) -> None:
    """Create a volume and a snapshot of it, attach the volume to a new server and detach it, then delete all."""
    wanted: VolumeOptions = {"volume_type": volume_type} if volume_type else {}
    volume = await volumes.create_volume(user, draw(size or _USUAL), **wanted)
    snapshot = await snapshots.create_snapshot(user, volume, **options)
    server = await servers.boot_server(user, image, flavor, **(create_vm_params or {}))
    await attachments.attach_volume(user, server, volume)
    await attachments.detach_volume(user, server, volume)
    await snapshots.delete_snapshot(user, snapshot)
    await volumes.delete_volume(user, volume)
    await servers.delete_server(user, server)


@scenario(
    "CinderVolumes.create_nested_snapshots_and_attach_volume",
    services=["compute", "block-storage"],
    cleanup=["cinder", "nova"],
    contradictions=size_contradictions,
)
async def create_nested_snapshots_and_attach_volume(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    image: Image,
    flavor: Flavor,
    size: Size | None = None,
    nested_level: Count = 1,
    create_volume_kwargs: VolumeOptions | None = None,
    create_snapshot_kwargs: SnapshotOptions | None = None,
    create_vm_params: ServerOptions | None = None,
) -> None:
    """Attach a chain of volumes to a server, each made from a snapshot of the one before, then delete all."""
    gigabytes = draw(size or _USUAL)
    of_snapshot = create_snapshot_kwargs or {}
    server = await servers.boot_server(user, image, flavor, **(create_vm_params or {}))
    volume = await volumes.create_volume(user, gigabytes, **(create_volume_kwargs or {}))
    snapshot = await snapshots.create_snapshot(user, volume, **of_snapshot)
    await attachments.attach_volume(user, server, volume)
    chain = [(volume, snapshot)]
    for _ in range(nested_level - 1):
        volume = await volumes.create_volume(user, gigabytes, snapshot_id=snapshot["id"])
        snapshot = await snapshots.create_snapshot(user, volume, **of_snapshot)
        await attachments.attach_volume(user, server, volume)
        chain.append((volume, snapshot))
    for one, of_it in reversed(chain):
        await attachments.detach_volume(user, server, one)
        await snapshots.delete_snapshot(user, of_it)
        await volumes.delete_volume(user, one)
    await servers.delete_server(user, server)
