"""Scenarios about volumes."""

import random
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, Unpack

from rallycross.scenario.arguments import Count, Image, Seconds, Size, draw, name_contradictions, size_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import volumes as cinder
from rallycross.scenarios.cinder.steps.volumes import Volume, VolumeOptions
from rallycross.task.flaw import Flaw


class VolumeChanges(TypedDict, total=False):
    """What to change of a volume."""

    update_name: bool  # give it a new random name
    description: str


def options_contradictions(args: Mapping[str, Any]) -> Iterator[Flaw]:
    """Yield what is wrong with `size`, and with names among the options of a new volume."""
    yield from size_contradictions(args)
    yield from name_contradictions(args)


def _extension_contradictions(args: Mapping[str, Any]) -> Iterator[Flaw]:
    yield from options_contradictions(args)
    size, new = args["size"], args["new_size"]
    if isinstance(new, dict) and new["max"] < new["min"]:
        yield Flaw(("new_size", "max"), f"{new['max']} is below `min`, which is {new['min']}", "swap the two")
    most, least = (new["max"] if isinstance(new, dict) else new), (size["min"] if isinstance(size, dict) else size)
    if most <= least:
        yield Flaw(("new_size",), f"{most} is not above `size`, which is {least}", "a volume can only grow: raise it")


def _metadata_contradictions(args: Mapping[str, Any]) -> Iterator[Flaw]:
    created = args.get("sets", 10) * args.get("set_size", 3)
    deleted = args.get("deletes", 5) * args.get("delete_size", 3)
    if created < deleted:
        what = f"the scenario would create {created} keys and delete {deleted}"
        yield Flaw((), what, "let sets * set_size be deletes * delete_size or more")


@scenario(
    "CinderVolumes.create_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_volume(user: User, size: Size, image: Image | None = None, **options: Unpack[VolumeOptions]) -> None:
    """Create a volume, empty or from an image."""
    await _create(user, size, image, options)


@scenario(
    "CinderVolumes.create_and_get_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_and_get_volume(
    user: User, size: Size, image: Image | None = None, **options: Unpack[VolumeOptions]
) -> None:
    """Create a volume, then get its details."""
    volume = await _create(user, size, image, options)
    await cinder.get_volume(user, volume)


@scenario(
    "CinderVolumes.create_and_list_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_and_list_volume(
    user: User, size: Size, detailed: bool = True, image: Image | None = None, **options: Unpack[VolumeOptions]
) -> None:
    """Create a volume, then list all volumes of the project."""
    await _create(user, size, image, options)
    await cinder.list_volumes(user, detailed=detailed)


@scenario("CinderVolumes.list_volumes", services=["block-storage"])
async def list_volumes(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    detailed: bool = True,
    search_opts: dict[str, Any] | None = None,
    marker: str | None = None,
    limit: Count | None = None,
    sort: str | None = None,
) -> None:
    """List the volumes of a project."""
    await cinder.list_volumes(user, detailed=detailed, search_opts=search_opts, marker=marker, limit=limit, sort=sort)


@scenario(
    "CinderVolumes.create_and_update_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=size_contradictions,
)
async def create_and_update_volume(
    user: User,
    size: Size,
    image: Image | None = None,
    create_volume_kwargs: VolumeOptions | None = None,
    update_volume_kwargs: VolumeChanges | None = None,
) -> None:
    """Create a volume, then change its name, its description, or both."""
    changes = update_volume_kwargs or {}
    volume = await _create(user, size, image, create_volume_kwargs)
    name = user.name() if changes.get("update_name") else ""
    await cinder.update_volume(user, volume, name=name, description=changes.get("description"))


@scenario(
    "CinderVolumes.create_and_delete_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_and_delete_volume(
    user: User,
    size: Size,
    image: Image | None = None,
    *,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    **options: Unpack[VolumeOptions],
) -> None:
    """Create a volume, empty or from an image, then delete it."""
    volume = await _create(user, size, image, options)
    await user.pause(min_sleep, max_sleep)
    await cinder.delete_volume(user, volume)


@scenario(
    "CinderVolumes.create_from_volume_and_delete_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    requires=["volumes"],
    contradictions=options_contradictions,
)
async def create_from_volume_and_delete_volume(
    user: User,
    size: Size,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    **options: Unpack[VolumeOptions],
) -> None:
    """Create a volume from one that the context `volumes` has made, then delete it."""
    options["source_volid"] = volume_of_context(user)["id"]
    volume = await cinder.create_volume(user, draw(size), **options)
    await user.pause(min_sleep, max_sleep)
    await cinder.delete_volume(user, volume)


@scenario(
    "CinderVolumes.create_and_extend_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=_extension_contradictions,
)
async def create_and_extend_volume(
    user: User,
    size: Size,
    new_size: Size,
    min_sleep: Seconds = 0,
    max_sleep: Seconds = 0,
    **options: Unpack[VolumeOptions],
) -> None:
    """Create a volume, extend it, then delete it."""
    volume = await cinder.create_volume(user, draw(size), **options)
    await cinder.extend_volume(user, volume, draw(new_size))
    await user.pause(min_sleep, max_sleep)
    await cinder.delete_volume(user, volume)


@scenario(
    "CinderVolumes.create_volume_and_clone",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_volume_and_clone(
    user: User, size: Size, image: Image | None = None, nested_level: int = 1, **options: Unpack[VolumeOptions]
) -> None:
    """Create a volume, clone it, clone the clone, and so on: `nested_level` clones in all."""
    volume = await _create(user, size, image, options)
    options.pop("imageRef", None)
    for _ in range(nested_level):
        options["source_volid"] = volume["id"]
        with user.action("cinder.clone_volume"):
            volume = await cinder.create_volume(user, volume["size"], **options)


@scenario(
    "CinderVolumes.modify_volume_metadata",
    services=["block-storage"],
    cleanup=["cinder"],
    requires=["volumes"],
    changes_contexts=True,
    contradictions=_metadata_contradictions,
)
async def modify_volume_metadata(
    user: User, sets: Count = 10, set_size: Count = 3, deletes: Count = 5, delete_size: Count = 3
) -> None:
    """Add metadata to a volume that the context `volumes` has made, then delete some of them."""
    volume = volume_of_context(user)
    keys = await cinder.set_metadata(user, volume, sets=sets, set_size=set_size)
    await cinder.delete_metadata(user, volume, keys, deletes=deletes, delete_size=delete_size)


@scenario(
    "CinderVolumes.create_volume_and_update_readonly_flag",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_volume_and_update_readonly_flag(
    user: User, size: Size, image: Image | None = None, read_only: bool = True, **options: Unpack[VolumeOptions]
) -> None:
    """Create a volume, then make it read-only (or writable)."""
    volume = await _create(user, size, image, options)
    await cinder.update_readonly_flag(user, volume, read_only=read_only)


def volume_of_context(user: User) -> Volume:
    """Return one of the volumes that the context `volumes` has made in the user's project, at random."""
    volume: Volume = random.choice(user.tenant.resources["volumes"])  # noqa: S311 - no secret
    return volume


async def _create(user: User, size: Any, image: str | None, options: VolumeOptions | None) -> Volume:
    """Create a volume, from an image if one is given."""
    wanted: VolumeOptions = {**(options or {}), **({"imageRef": image} if image else {})}
    return await cinder.create_volume(user, draw(size), **wanted)
