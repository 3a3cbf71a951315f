"""Scenarios about encryption types of volume types.

A volume type has one encryption type at the most, and the iterations take the types of the context `volume_types` in
turn. So that context needs as many types as there are iterations at a time; for `create_and_list_encryption_type` and
`create_and_update_encryption_type`, which delete nothing, as many as there are iterations.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import encryption_types as cinder
from rallycross.scenarios.cinder.steps.encryption_types import ControlLocation, EncryptionSpecs
from rallycross.scenarios.cinder.steps.volume_types import VolumeType, create_volume_type
from rallycross.task.flaw import Flaw


def _no_provider(args: Mapping[str, Any]) -> Iterator[Flaw]:
    if args.get("provider") is None and args.get("create_specs") is None:
        yield Flaw((), "lacks the argument 'provider'", "add `provider:`, such as `provider: luks`")


@scenario(
    "CinderVolumeTypes.create_volume_type_and_encryption_type",
    services=["block-storage"],
    admin_cleanup=["cinder"],
    contradictions=_no_provider,
)
async def create_volume_type_and_encryption_type(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    admin: User,
    create_specs: EncryptionSpecs | None = None,
    provider: str | None = None,
    cipher: str | None = None,
    key_size: int | None = None,
    control_location: ControlLocation = "front-end",
    description: str | None = None,
    is_public: bool = True,
) -> None:
    """Create a volume type and its encryption type."""
    volume_type = await create_volume_type(admin, description=description, is_public=is_public)
    specs = create_specs or _specs(provider, cipher, key_size, control_location)
    await cinder.create_encryption_type(admin, volume_type, specs)


@scenario(
    "CinderVolumeTypes.create_and_list_encryption_type",
    services=["block-storage"],
    admin_cleanup=["cinder"],
    requires=["volume_types"],
    changes_contexts=True,
    contradictions=_no_provider,
)
async def create_and_list_encryption_type(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    admin: User,
    create_specs: EncryptionSpecs | None = None,
    provider: str | None = None,
    cipher: str | None = None,
    key_size: int | None = None,
    control_location: ControlLocation = "front-end",
    search_opts: dict[str, Any] | None = None,
) -> None:
    """Create an encryption type, then list all."""
    del search_opts  # of no effect in cinder's client either
    specs = create_specs or _specs(provider, cipher, key_size, control_location)
    await cinder.create_encryption_type(admin, volume_type_in_turn(admin), specs)
    await cinder.list_encryption_type(admin)


@scenario(
    "CinderVolumeTypes.create_get_and_delete_encryption_type",
    services=["block-storage"],
    admin_cleanup=["cinder"],
    requires=["volume_types"],
    contradictions=_no_provider,
)
async def create_get_and_delete_encryption_type(
    admin: User,
    provider: str | None = None,
    cipher: str | None = None,
    key_size: int | None = None,
    control_location: ControlLocation = "front-end",
) -> None:
    """Create an encryption type, get its details, then delete it."""
    volume_type = volume_type_in_turn(admin)
    await cinder.create_encryption_type(admin, volume_type, _specs(provider, cipher, key_size, control_location))
    await cinder.get_encryption_type(admin, volume_type)
    await cinder.delete_encryption_type(admin, volume_type)


@scenario(
    "CinderVolumeTypes.create_and_delete_encryption_type",
    services=["block-storage"],
    admin_cleanup=["cinder"],
    requires=["volume_types"],
    contradictions=_no_provider,
)
async def create_and_delete_encryption_type(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    admin: User,
    create_specs: EncryptionSpecs | None = None,
    provider: str | None = None,
    cipher: str | None = None,
    key_size: int | None = None,
    control_location: ControlLocation = "front-end",
) -> None:
    """Create an encryption type, then delete it."""
    volume_type = volume_type_in_turn(admin)
    specs = create_specs or _specs(provider, cipher, key_size, control_location)
    await cinder.create_encryption_type(admin, volume_type, specs)
    await cinder.delete_encryption_type(admin, volume_type)


@scenario(
    "CinderVolumeTypes.create_and_update_encryption_type",
    services=["block-storage"],
    admin_cleanup=["cinder"],
    requires=["volume_types"],
    changes_contexts=True,
)
async def create_and_update_encryption_type(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    admin: User,
    create_provider: str | None = None,
    create_cipher: str | None = None,
    create_key_size: int | None = None,
    create_control_location: ControlLocation = "front-end",
    update_provider: str | None = None,
    update_cipher: str | None = None,
    update_key_size: int | None = None,
    update_control_location: ControlLocation | None = None,
) -> None:
    """Create an encryption type, then change it."""
    volume_type = volume_type_in_turn(admin)
    created = _specs(create_provider, create_cipher, create_key_size, create_control_location)
    changed = _specs(update_provider, update_cipher, update_key_size, update_control_location)
    await cinder.create_encryption_type(admin, volume_type, created)
    await cinder.update_encryption_type(admin, volume_type, changed)


def volume_type_in_turn(admin: User) -> VolumeType:
    """Return a volume type that the context `volume_types` has made: each iteration takes the next one."""
    made: list[VolumeType] = admin.context_data.shared["volume_types"]
    return made[admin.iteration.number % len(made)]


def _specs(
    provider: str | None, cipher: str | None, key_size: int | None, control_location: ControlLocation | None
) -> EncryptionSpecs:
    return {"provider": provider, "cipher": cipher, "key_size": key_size, "control_location": control_location}
