"""Steps with groups of volumes, and their snapshots."""

from dataclasses import replace
from typing import Any

from rallycross.cloud.condition import becomes, goes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps.volumes import CREATE_LIMIT, DELETE_LIMIT

_POLLING = RallyPolling(before=0, between=2)

GROUP_TYPE = resource("cinder.group_types")
GROUP = resource("cinder.groups")
GROUP_SNAPSHOT = resource("cinder.group_snapshots")

GroupType = dict[str, Any]
Group = dict[str, Any]
GroupSnapshot = dict[str, Any]


@step("cinder_v3.create_group_type")
async def create_group_type(admin: User, *, group_specs: dict[str, str] | None = None) -> GroupType:
    """Create a group type."""
    body = {"name": admin.name(), "group_specs": group_specs or {}}
    created: GroupType = (
        await admin.post("block-storage", "/group_types", {"group_type": body}, microversion=GROUP_TYPE.microversion)
    )["group_type"]
    return created


@step("cinder_v3.create_group")
async def create_group(user: User, group_type: GroupType, volume_type: str) -> Group:
    """Create an empty group for volumes of a type, and wait until it is available."""
    body = {"name": user.name(), "group_type": group_type["id"], "volume_types": [volume_type]}
    created = (await user.post("block-storage", "/groups", {"group": body}, microversion=GROUP.microversion))["group"]
    return await user.wait(becomes(GROUP, created["id"], "available", limit=CREATE_LIMIT), _POLLING)


@step("cinder_v3.create_group_snapshot")
async def create_group_snapshot(user: User, group: Group) -> GroupSnapshot:
    """Create a snapshot of all volumes of a group, and wait until it is available."""
    body = {"group_snapshot": {"name": user.name(), "group_id": group["id"]}}
    created = (await user.post("block-storage", "/group_snapshots", body, microversion=GROUP_SNAPSHOT.microversion))[
        "group_snapshot"
    ]
    return await user.wait(becomes(GROUP_SNAPSHOT, created["id"], "available", limit=CREATE_LIMIT), _POLLING)


@step("cinder_v3.delete_group_snapshot")
async def delete_group_snapshot(user: User, snapshot: GroupSnapshot) -> None:
    """Delete a snapshot of a group, and wait until it is gone."""
    path = f"/group_snapshots/{snapshot['id']}"
    await user.delete("block-storage", path, microversion=GROUP_SNAPSHOT.microversion)
    # cinder calls it "deleted" a moment before it is gone, and until then refuses to delete the group.
    gone = replace(goes(GROUP_SNAPSHOT, snapshot["id"], limit=DELETE_LIMIT), wanted=frozenset())
    await user.wait(gone, _POLLING)


@step("cinder_v3.delete_group")
async def delete_group(user: User, group: Group) -> None:
    """Delete a group with its volumes, and wait until it is gone."""
    body = {"delete": {"delete-volumes": True}}
    await user.post("block-storage", f"/groups/{group['id']}/action", body, microversion=GROUP.microversion)
    await user.wait(goes(GROUP, group["id"], limit=DELETE_LIMIT), _POLLING)
