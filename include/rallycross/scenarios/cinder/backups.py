"""Scenarios about backups of volumes."""

from rallycross.scenario.arguments import Size, draw, size_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import backups, volumes
from rallycross.scenarios.cinder.steps.backups import Backup, BackupOptions
from rallycross.scenarios.cinder.steps.volumes import Volume, VolumeOptions


@scenario(
    "CinderVolumes.create_volume_backup",
    services=["block-storage"],
    cinder_services=["cinder-backup"],
    cleanup=["cinder"],
    contradictions=size_contradictions,
)
async def create_volume_backup(
    user: User,
    size: Size,
    do_delete: bool = True,
    create_volume_kwargs: VolumeOptions | None = None,
    create_backup_kwargs: BackupOptions | None = None,
) -> None:
    """Create a volume and a backup of it."""
    volume, backup = await _create(user, size, create_volume_kwargs, create_backup_kwargs)
    if do_delete:
        await _delete(user, volume, backup)


@scenario(
    "CinderVolumes.create_and_restore_volume_backup",
    services=["block-storage"],
    cinder_services=["cinder-backup"],
    cleanup=["cinder"],
    contradictions=size_contradictions,
)
async def create_and_restore_volume_backup(
    user: User,
    size: Size,
    do_delete: bool = True,
    create_volume_kwargs: VolumeOptions | None = None,
    create_backup_kwargs: BackupOptions | None = None,
) -> None:
    """Create a volume and a backup of it, then restore the backup to another volume."""
    volume, backup = await _create(user, size, create_volume_kwargs, create_backup_kwargs)
    await backups.restore_backup(user, backup)
    if do_delete:
        await _delete(user, volume, backup)


@scenario(
    "CinderVolumes.create_and_list_volume_backups",
    services=["block-storage"],
    cinder_services=["cinder-backup"],
    cleanup=["cinder"],
    contradictions=size_contradictions,
)
async def create_and_list_volume_backups(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    size: Size,
    detailed: bool = True,
    do_delete: bool = True,
    create_volume_kwargs: VolumeOptions | None = None,
    create_backup_kwargs: BackupOptions | None = None,
) -> None:
    """Create a volume and a backup of it, then list all backups of the project."""
    volume, backup = await _create(user, size, create_volume_kwargs, create_backup_kwargs)
    await backups.list_backups(user, detailed=detailed)
    if do_delete:
        await _delete(user, volume, backup)


@scenario(
    "CinderVolumeBackups.create_incremental_volume_backup",
    services=["block-storage"],
    cinder_services=["cinder-backup"],
    cleanup=["cinder"],
    contradictions=size_contradictions,
)
async def create_incremental_volume_backup(
    user: User,
    size: Size,
    do_delete: bool = True,
    create_volume_kwargs: VolumeOptions | None = None,
    create_backup_kwargs: BackupOptions | None = None,
) -> None:
    """Create a volume, a full backup of it, and an incremental one that is based on the full one."""
    volume, full = await _create(user, size, create_volume_kwargs, create_backup_kwargs)
    incremental = await backups.create_backup(user, volume, incremental=True)
    if do_delete:
        await backups.delete_backup(user, incremental)
        await backups.delete_backup(user, full)
        await volumes.delete_volume(user, volume)


async def _create(
    user: User, size: Size, of_volume: VolumeOptions | None, of_backup: BackupOptions | None
) -> tuple[Volume, Backup]:
    """Create a volume and a backup of it."""
    volume = await volumes.create_volume(user, draw(size), **(of_volume or {}))
    return volume, await backups.create_backup(user, volume, **(of_backup or {}))


async def _delete(user: User, volume: Volume, backup: Backup) -> None:
    await volumes.delete_volume(user, volume)
    await backups.delete_backup(user, backup)
