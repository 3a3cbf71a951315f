"""Scenarios about volume types, and who may use them."""

from typing import Any

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import volume_types as cinder


@scenario("CinderVolumes.list_types", services=["block-storage"])
async def list_types(user: User, search_opts: dict[str, Any] | None = None, is_public: bool | None = None) -> None:
    """List the volume types that a user may use."""
    await cinder.list_types(user, search_opts=search_opts, is_public=is_public)


@scenario("CinderVolumeTypes.create_and_delete_volume_type", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_delete_volume_type(admin: User, description: str | None = None, is_public: bool = True) -> None:
    """Create a volume type, then delete it."""
    volume_type = await cinder.create_volume_type(admin, description=description, is_public=is_public)
    await cinder.delete_volume_type(admin, volume_type)


@scenario("CinderVolumeTypes.create_and_get_volume_type", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_get_volume_type(admin: User, description: str | None = None, is_public: bool = True) -> None:
    """Create a volume type, then get its details."""
    volume_type = await cinder.create_volume_type(admin, description=description, is_public=is_public)
    await cinder.get_volume_type(admin, volume_type)


@scenario("CinderVolumeTypes.create_and_update_volume_type", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_update_volume_type(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    admin: User,
    description: str | None = None,
    is_public: bool = True,
    update_name: bool = False,
    update_description: str | None = None,
    update_is_public: bool | None = None,
) -> None:
    """Create a volume type, then change it: with `update_is_public`, a public one becomes private, or vice versa."""
    volume_type = await cinder.create_volume_type(admin, description=description, is_public=is_public)
    name = admin.name() if update_name else None
    if not (update_name or update_description or update_is_public):
        name = volume_type["name"]  # a request without a change, which is measured all the same
    changed = not is_public if update_is_public else None
    await cinder.update_volume_type(admin, volume_type, name=name, description=update_description, is_public=changed)


@scenario("CinderVolumeTypes.create_and_list_volume_types", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_list_volume_types(admin: User, description: str | None = None, is_public: bool = True) -> None:
    """Create a volume type, then find it among all."""
    volume_type = await cinder.create_volume_type(admin, description=description, is_public=is_public)
    if volume_type["id"] not in {one["id"] for one in await cinder.list_types(admin)}:
        raise ValueError(f"the volume type {volume_type['id']} was created, and is not in the list of volume types")


@scenario("CinderVolumeTypes.create_and_set_volume_type_keys", services=["block-storage"], admin_cleanup=["cinder"])
async def create_and_set_volume_type_keys(
    admin: User, volume_type_key: dict[str, str], description: str | None = None, is_public: bool = True
) -> None:
    """Create a volume type, then set extra specs of it."""
    volume_type = await cinder.create_volume_type(admin, description=description, is_public=is_public)
    await cinder.set_volume_type_keys(admin, volume_type, volume_type_key)


@scenario(
    "CinderVolumeTypes.create_volume_type_add_and_list_type_access",
    services=["block-storage"],
    admin_cleanup=["cinder"],
)
async def create_volume_type_add_and_list_type_access(
    user: User, admin: User, description: str | None = None, is_public: bool = False
) -> None:
    """Create a volume type, let a user's project use it, then list the projects that may."""
    volume_type = await cinder.create_volume_type(admin, description=description, is_public=is_public)
    await cinder.add_type_access(admin, volume_type, user.tenant.id)
    await cinder.list_type_access(admin, volume_type)
