"""Scenarios about groups of volumes. Rally has none."""

from rallycross.scenario.arguments import Count, Size, VolumeType, draw, size_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import groups
from rallycross.scenarios.cinder.steps.volumes import create_volume


@scenario(
    "CinderGroups.create_and_delete_group_snapshot",
    services=["block-storage"],
    cleanup=["cinder"],
    admin_cleanup=["cinder"],
    contradictions=size_contradictions,
    microversions={"block-storage": groups.GROUP.microversion},
)
async def create_and_delete_group_snapshot(
    user: User,
    admin: User,
    size: Size,
    volume_type: VolumeType,
    *,
    volumes_per_group: Count = 2,
    group_specs: dict[str, str] | None = None,
) -> None:
    """Create a group of volumes and one snapshot of all of them, then delete both."""
    group_type = await groups.create_group_type(admin, group_specs=group_specs)
    group = await groups.create_group(user, group_type, volume_type)
    for _ in range(volumes_per_group):
        await create_volume(user, draw(size), volume_type=volume_type, group_id=group["id"])
    snapshot = await groups.create_group_snapshot(user, group)
    await groups.delete_group_snapshot(user, snapshot)
    await groups.delete_group(user, group)
