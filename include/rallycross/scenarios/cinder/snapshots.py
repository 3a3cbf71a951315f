"""Scenarios about snapshots of volumes."""

from typing import Unpack

from rallycross.scenario.arguments import Seconds, name_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import snapshots, volumes
from rallycross.scenarios.cinder.steps.snapshots import SnapshotOptions
from rallycross.scenarios.cinder.steps.volumes import VolumeOptions
from rallycross.scenarios.cinder.volumes import volume_of_context


@scenario(
    "CinderVolumes.create_and_delete_snapshot",
    services=["block-storage"],
    cleanup=["cinder"],
    requires=["volumes"],
    contradictions=name_contradictions,
)
async def create_and_delete_snapshot(
    user: User,
    force: bool = False,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    **options: Unpack[SnapshotOptions],
) -> None:
    """Create a snapshot of a volume that the context `volumes` has made, then delete it."""
    snapshot = await snapshots.create_snapshot(user, volume_of_context(user), force=force, **options)
    await user.pause(min_sleep, max_sleep)
    await snapshots.delete_snapshot(user, snapshot)


@scenario(
    "CinderVolumes.create_and_list_snapshots",
    services=["block-storage"],
    cleanup=["cinder"],
    requires=["volumes"],
    contradictions=name_contradictions,
)
async def create_and_list_snapshots(
    user: User, force: bool = False, detailed: bool = True, **options: Unpack[SnapshotOptions]
) -> None:
    """Create a snapshot of a volume that the context `volumes` has made, then list all of the project."""
    await snapshots.create_snapshot(user, volume_of_context(user), force=force, **options)
    await snapshots.list_snapshots(user, detailed=detailed)


@scenario(
    "CinderVolumes.create_volume_from_snapshot",
    services=["block-storage"],
    cleanup=["cinder"],
    requires=["volumes"],
    contradictions=name_contradictions,
)
async def create_volume_from_snapshot(
    user: User,
    do_delete: bool = True,
    create_snapshot_kwargs: SnapshotOptions | None = None,
    **options: Unpack[VolumeOptions],
) -> None:
    """Create a snapshot of a volume that the context `volumes` has made, and from it another volume."""
    source = volume_of_context(user)
    snapshot = await snapshots.create_snapshot(user, source, **(create_snapshot_kwargs or {}))
    options["snapshot_id"] = snapshot["id"]
    volume = await volumes.create_volume(user, source["size"], **options)
    if do_delete:
        await volumes.delete_volume(user, volume)
        await snapshots.delete_snapshot(user, snapshot)
