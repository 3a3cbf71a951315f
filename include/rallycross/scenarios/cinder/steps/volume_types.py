"""Steps with volume types, and who may use them."""

from collections.abc import Mapping
from typing import Any

from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

VolumeType = dict[str, Any]


@step("cinder_v3.create_volume_type")
async def create_volume_type(admin: User, *, description: str | None = None, is_public: bool = True) -> VolumeType:
    """Create a volume type."""
    body = {"name": admin.name(), "description": description, "os-volume-type-access:is_public": is_public}
    created: VolumeType = (await admin.post("block-storage", "/types", {"volume_type": body}))["volume_type"]
    return created


@step("cinder_v3.get_volume_type")
async def get_volume_type(admin: User, volume_type: VolumeType) -> VolumeType:
    """Return a volume type's details."""
    found: VolumeType = (await admin.get("block-storage", f"/types/{volume_type['id']}"))["volume_type"]
    return found


@step("cinder_v3.list_types")
async def list_types(
    user: User, *, search_opts: Mapping[str, Any] | None = None, is_public: bool | None = None
) -> list[VolumeType]:
    """List volume types: public or private ones, or by default all that the user may see."""
    # The API takes a list without this parameter as one of public types only. "None" asks for all.
    filters = {"is_public": str(is_public), **(search_opts or {})}
    return await list_all(user, "block-storage", "/types", "volume_types", filters)


@step("cinder_v3.update_volume_type")
async def update_volume_type(
    admin: User,
    volume_type: VolumeType,
    *,
    name: str | None = None,
    description: str | None = None,
    is_public: bool | None = None,
) -> VolumeType:
    """Change what is given of a volume type."""
    wanted = {"name": name, "description": description, "is_public": is_public}
    changes = {key: value for key, value in wanted.items() if value is not None}
    path = f"/types/{volume_type['id']}"
    changed: VolumeType = (await admin.put("block-storage", path, {"volume_type": changes}))["volume_type"]
    return changed


@step("cinder_v3.delete_volume_type")
async def delete_volume_type(admin: User, volume_type: VolumeType) -> None:
    """Delete a volume type."""
    await admin.delete("block-storage", f"/types/{volume_type['id']}")


@step("cinder_v3.set_volume_type_keys")
async def set_volume_type_keys(admin: User, volume_type: VolumeType, keys: Mapping[str, str]) -> None:
    """Set extra specs of a volume type."""
    await admin.post("block-storage", f"/types/{volume_type['id']}/extra_specs", {"extra_specs": keys})


@step("cinder_v3.add_type_access")
async def add_type_access(admin: User, volume_type: VolumeType, project: str) -> None:
    """Let a project use a private volume type."""
    body = {"addProjectAccess": {"project": project}}
    await admin.post("block-storage", f"/types/{volume_type['id']}/action", body)


@step("cinder_v3.list_type_access")
async def list_type_access(admin: User, volume_type: VolumeType) -> list[Any]:
    """List the projects that may use a private volume type."""
    found: list[Any] = (await admin.get("block-storage", f"/types/{volume_type['id']}/os-volume-type-access"))[
        "volume_type_access"
    ]
    return found
