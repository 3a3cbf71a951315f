"""Steps with volumes."""

import random
from typing import Annotated, Any, TypedDict, Unpack

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.arguments import Since, needed_microversion
from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# Seconds until a volume, or an image of one, must have the expected status; Rally's defaults.
CREATE_LIMIT = 600.0
DELETE_LIMIT = 600.0
IMAGE_LIMIT = 120.0
_CREATE = RallyPolling(before=2, between=2)
_CHANGE = RallyPolling(before=0, between=2)
_DELETE = RallyPolling(before=0, between=2)
_IMAGE = RallyPolling(before=0, between=1)

EXTENDS_IN_USE = "3.42"  # the first microversion that extends volumes in use

VOLUME = resource("cinder.volumes")
IMAGE = resource("glance.images")

Volume = dict[str, Any]
Image = dict[str, Any]


class VolumeOptions(TypedDict, total=False):
    """Options of a new volume, by cinderclient's names, which Rally's task files use."""

    availability_zone: str
    backup_id: Annotated[str, Since("block-storage", "3.47")]
    consistencygroup_id: str
    description: str
    group_id: Annotated[str, Since("block-storage", "3.13")]
    imageRef: str
    metadata: dict[str, str]
    scheduler_hints: dict[str, Any]
    snapshot_id: str
    source_volid: str
    volume_type: str


@step("cinder_v3.create_volume")
async def create_volume(user: User, size: int, **options: Unpack[VolumeOptions]) -> Volume:
    """Create a volume of `size` GiB, and wait until it is available."""
    microversion = needed_microversion(VolumeOptions, options)
    hints = options.pop("scheduler_hints", None)
    body: dict[str, Any] = {"volume": {"name": user.name(), "size": size, **options}}
    if hints:
        body["OS-SCH-HNT:scheduler_hints"] = hints
    created = (await user.post("block-storage", "/volumes", body, microversion=microversion))["volume"]
    return await user.wait(becomes(VOLUME, created["id"], "available", limit=CREATE_LIMIT), _CREATE)


@step("cinder_v3.get_volume")
async def get_volume(user: User, volume: Volume) -> Volume:
    """Return a volume's details."""
    found: Volume = (await user.get("block-storage", f"/volumes/{volume['id']}"))["volume"]
    return found


@step("cinder_v3.list_volumes")
async def list_volumes(
    user: User,
    *,
    detailed: bool = True,
    search_opts: dict[str, Any] | None = None,
    marker: str | None = None,
    limit: int | None = None,
    sort: str | None = None,
) -> list[Volume]:
    """List the volumes of the user's project."""
    filters = {**(search_opts or {}), "marker": marker, "limit": limit, "sort": sort}
    path = "/volumes/detail" if detailed else "/volumes"
    return await list_all(user, "block-storage", path, "volumes", filters, most=limit)


@step("cinder_v3.update_volume")
async def update_volume(user: User, volume: Volume, *, name: str = "", description: str | None = None) -> Volume:
    """Change a volume's name, its description, or both."""
    changes: dict[str, Any] = {"name": name} if name else {}
    if description is not None:
        changes["description"] = description
    changed: Volume = (await user.put("block-storage", f"/volumes/{volume['id']}", {"volume": changes}))["volume"]
    return changed


@step("cinder_v3.delete_volume")
async def delete_volume(user: User, volume: Volume) -> None:
    """Delete a volume, and wait until it is gone."""
    await user.delete("block-storage", f"/volumes/{volume['id']}")
    await user.wait(goes(VOLUME, volume["id"], limit=DELETE_LIMIT), _DELETE)


@step("cinder_v3.extend_volume")
async def extend_volume(user: User, volume: Volume, new_size: int, *, in_use: bool = False) -> Volume:
    """Extend a volume to `new_size` GiB, and wait until it can be used again. It may be `in_use` by a server."""
    microversion = EXTENDS_IN_USE if in_use else ""
    body = {"os-extend": {"new_size": new_size}}
    await user.post("block-storage", f"/volumes/{volume['id']}/action", body, microversion=microversion)
    return await user.wait(becomes(VOLUME, volume["id"], "available", "in-use", limit=CREATE_LIMIT), _CHANGE)


@step("cinder_v3.update_readonly_flag")
async def update_readonly_flag(user: User, volume: Volume, *, read_only: bool) -> None:
    """Make a volume read-only, or writable again."""
    await _act(user, volume, "os-update_readonly_flag", readonly=read_only)


async def set_metadata(user: User, volume: Volume, *, sets: int, set_size: int) -> list[str]:
    """Add random metadata: `sets` requests with `set_size` keys each. Return the keys."""
    keys: list[str] = []
    with user.action(f"cinder_v3.set_{set_size}_metadatas_{sets}_times"):
        for _ in range(sets):
            metadata = {user.name(): user.name() for _ in range(set_size)}
            await user.post("block-storage", f"/volumes/{volume['id']}/metadata", {"metadata": metadata})
            keys += metadata
    return keys


async def delete_metadata(user: User, volume: Volume, keys: list[str], *, deletes: int, delete_size: int) -> None:
    """Delete `deletes` times `delete_size` of the keys, in random order: a request for each key."""
    with user.action(f"cinder_v3.delete_{delete_size}_metadatas_{deletes}_times"):
        for key in random.sample(keys, deletes * delete_size):
            await user.delete("block-storage", f"/volumes/{volume['id']}/metadata/{key}")


@step("cinder_v3.upload_volume_to_image")
async def upload_volume_to_image(
    user: User, volume: Volume, *, force: bool = False, container_format: str = "bare", disk_format: str = "raw"
) -> Image:
    """Upload a volume as a new image; wait until the volume is available again and the image is active."""
    how = {"force": force, "container_format": container_format, "disk_format": disk_format}
    answer = await _act(user, volume, "os-volume_upload_image", image_name=user.name(), **how)
    await user.wait(becomes(VOLUME, volume["id"], "available", limit=CREATE_LIMIT), _CHANGE)
    image = answer["os-volume_upload_image"]["image_id"]
    return await user.wait(becomes(IMAGE, image, "active", limit=IMAGE_LIMIT), _IMAGE)


async def _act(user: User, volume: Volume, action: str, **how: Any) -> Any:
    return await user.post("block-storage", f"/volumes/{volume['id']}/action", {action: how})
