"""Steps with encryption types: how the volumes of a volume type are encrypted. A volume type has one at the most."""

from typing import Any, Literal, TypedDict

from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps.volume_types import VolumeType

ControlLocation = Literal["front-end", "back-end"]

EncryptionType = dict[str, Any]


class EncryptionSpecs(TypedDict, total=False):
    """What an encryption type says; what is None is not sent."""

    provider: str | None
    cipher: str | None
    key_size: int | None
    control_location: ControlLocation | None


@step("cinder_v3.create_encryption_type")
async def create_encryption_type(admin: User, volume_type: VolumeType, specs: EncryptionSpecs) -> EncryptionType:
    """Create the encryption type of a volume type."""
    created: EncryptionType = (await admin.post("block-storage", _path(volume_type), _body(specs)))["encryption"]
    return created


@step("cinder_v3.get_encryption_type")
async def get_encryption_type(admin: User, volume_type: VolumeType) -> EncryptionType:
    """Return the encryption type of a volume type."""
    return dict(await admin.get("block-storage", _path(volume_type)))


@step("cinder_v3.list_encryption_type")
async def list_encryption_type(admin: User) -> list[EncryptionType]:
    """List all encryption types: the API has no list of them, so each volume type is asked for its own."""
    volume_types = await list_all(admin, "block-storage", "/types", "volume_types", {"is_public": "None"})
    found = [await admin.get("block-storage", _path(one)) for one in volume_types]
    return [one for one in found if "volume_type_id" in one]


@step("cinder_v3.update_encryption_type")
async def update_encryption_type(admin: User, volume_type: VolumeType, specs: EncryptionSpecs) -> None:
    """Change the encryption type of a volume type."""
    await admin.put("block-storage", f"{_path(volume_type)}/provider", _body(specs))


@step("cinder_v3.delete_encryption_type")
async def delete_encryption_type(admin: User, volume_type: VolumeType) -> None:
    """Delete the encryption type of a volume type."""
    await admin.delete("block-storage", f"{_path(volume_type)}/provider")


def _path(volume_type: VolumeType) -> str:
    return f"/types/{volume_type['id']}/encryption"


def _body(specs: EncryptionSpecs) -> dict[str, Any]:
    return {"encryption": {key: value for key, value in specs.items() if value is not None}}
