"""Steps with cinder."""

from typing import Any, TypedDict, Unpack

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# Seconds until a volume must have the expected status; Rally's defaults.
CREATE_LIMIT = 600.0
DELETE_LIMIT = 600.0
_CREATE = RallyPolling(before=2, between=2)
_DELETE = RallyPolling(before=0, between=2)

VOLUME = resource("cinder.volumes")

Volume = dict[str, Any]


class VolumeOptions(TypedDict, total=False):
    """Options of a new volume, by cinderclient's names, which Rally's task files use."""

    availability_zone: str
    consistencygroup_id: str
    description: str
    imageRef: str
    metadata: dict[str, str]
    scheduler_hints: dict[str, Any]
    snapshot_id: str
    source_volid: str
    volume_type: str


@step("cinder_v3.create_volume")
async def create_volume(user: User, size: int, **options: Unpack[VolumeOptions]) -> Volume:
    """Create a volume of `size` GiB, and wait until it is available."""
    hints = options.pop("scheduler_hints", None)
    body: dict[str, Any] = {"volume": {"name": user.name(), "size": size, **options}}
    if hints:
        body["OS-SCH-HNT:scheduler_hints"] = hints
    created = (await user.post("block-storage", "/volumes", body))["volume"]
    return await user.wait(becomes(VOLUME, created["id"], "available", limit=CREATE_LIMIT), _CREATE)


@step("cinder_v3.delete_volume")
async def delete_volume(user: User, volume: Volume) -> None:
    """Delete a volume, and wait until it is gone."""
    await user.delete("block-storage", f"/volumes/{volume['id']}")
    await user.wait(goes(VOLUME, volume["id"], limit=DELETE_LIMIT), _DELETE)
