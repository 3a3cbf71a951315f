"""Steps with snapshots of volumes."""

from typing import Any, TypedDict, Unpack

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps.volumes import CREATE_LIMIT, DELETE_LIMIT, Volume

_CREATE = RallyPolling(before=2, between=2)
_DELETE = RallyPolling(before=0, between=2)

SNAPSHOT = resource("cinder.volume_snapshots")

Snapshot = dict[str, Any]


class SnapshotOptions(TypedDict, total=False):
    """Options of a new snapshot, by cinderclient's names."""

    description: str
    metadata: dict[str, str]


@step("cinder_v3.create_snapshot")
async def create_snapshot(
    user: User, volume: Volume, *, force: bool = False, **options: Unpack[SnapshotOptions]
) -> Snapshot:
    """Create a snapshot of a volume (with `force` also of one in use), and wait until it is available."""
    body = {"volume_id": volume["id"], "name": user.name(), "force": force, **options}
    created = (await user.post("block-storage", "/snapshots", {"snapshot": body}))["snapshot"]
    return await user.wait(becomes(SNAPSHOT, created["id"], "available", limit=CREATE_LIMIT), _CREATE)


@step("cinder_v3.list_snapshots")
async def list_snapshots(user: User, *, detailed: bool = True) -> list[Snapshot]:
    """List the snapshots of the user's project."""
    return await list_all(user, "block-storage", "/snapshots/detail" if detailed else "/snapshots", "snapshots")


@step("cinder_v3.delete_snapshot")
async def delete_snapshot(user: User, snapshot: Snapshot) -> None:
    """Delete a snapshot, and wait until it is gone."""
    await user.delete("block-storage", f"/snapshots/{snapshot['id']}")
    await user.wait(goes(SNAPSHOT, snapshot["id"], limit=DELETE_LIMIT), _DELETE)
