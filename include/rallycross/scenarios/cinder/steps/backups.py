"""Steps with backups of volumes."""

from typing import Any, TypedDict, Unpack

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps.volumes import CREATE_LIMIT, DELETE_LIMIT, VOLUME, Volume

_POLLING = RallyPolling(before=0, between=2)

BACKUP = resource("cinder.backups")

Backup = dict[str, Any]


class BackupOptions(TypedDict, total=False):
    """Options of a new backup, by cinderclient's names."""

    container: str
    description: str
    force: bool
    incremental: bool
    snapshot_id: str


@step("cinder_v3.create_backup")
async def create_backup(user: User, volume: Volume, **options: Unpack[BackupOptions]) -> Backup:
    """Create a backup of a volume, and wait until it is available."""
    body = {"volume_id": volume["id"], "name": user.name(), **options}
    created = (await user.post("block-storage", "/backups", {"backup": body}))["backup"]
    return await user.wait(becomes(BACKUP, created["id"], "available", limit=CREATE_LIMIT), _POLLING)


@step("cinder_v3.restore_backup")
async def restore_backup(user: User, backup: Backup) -> Volume:
    """Restore a backup to a new volume, and wait until the volume is available."""
    body = {"restore": {"name": user.name()}}
    restored = (await user.post("block-storage", f"/backups/{backup['id']}/restore", body))["restore"]
    return await user.wait(becomes(VOLUME, restored["volume_id"], "available", limit=CREATE_LIMIT), _POLLING)


@step("cinder_v3.list_backups")
async def list_backups(user: User, *, detailed: bool = True) -> list[Backup]:
    """List the backups of the user's project."""
    return await list_all(user, "block-storage", "/backups/detail" if detailed else "/backups", "backups")


@step("cinder_v3.delete_backup")
async def delete_backup(user: User, backup: Backup) -> None:
    """Delete a backup, and wait until it is gone."""
    await user.delete("block-storage", f"/backups/{backup['id']}")
    await user.wait(goes(BACKUP, backup["id"], limit=DELETE_LIMIT), _POLLING)
