"""Scenarios about images."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rallycross.scenario.arguments import Amount, Count, Flavor, Location
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.glance import steps as glance
from rallycross.scenarios.nova.steps import servers
from rallycross.scenarios.nova.steps.server_options import ServerOptions
from rallycross.task.flaw import Flaw

ContainerFormat = Literal["ami", "ari", "aki", "bare", "ovf"]
DiskFormat = Literal["ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vdi", "iso"]
Visibility = Literal["public", "private", "shared", "community"]
ImportMethod = Literal["glance-direct", "web-download"]


@scenario("GlanceImages.list_images", services=["image"])
async def list_images(user: User) -> None:
    """List the active images that a user can see."""
    await glance.list_images(user)


@scenario("GlanceImages.create_and_list_image", services=["image"], cleanup=["glance"])
async def create_and_list_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
) -> None:
    """Create an image from a file or a URL, then find it among all active ones."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    if image["id"] not in {one["id"] for one in await glance.list_images(user)}:
        raise ValueError(f"the image {image['id']} was created, and is not in the list of active images")


@scenario("GlanceImages.create_and_get_image", services=["image"], cleanup=["glance"])
async def create_and_get_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
) -> None:
    """Create an image from a file or a URL, then get its details."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    await glance.get_image(user, image)


@scenario("GlanceImages.create_and_delete_image", services=["image"], cleanup=["glance"])
async def create_and_delete_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
) -> None:
    """Create an image from a file or a URL, then delete it."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    await glance.delete_image(user, image)


@scenario("GlanceImages.create_and_update_image", services=["image"], cleanup=["glance"])
async def create_and_update_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    remove_props: list[str] | None = None,
    visibility: Visibility = "private",
    create_min_disk: Amount = 0,
    create_min_ram: Amount = 0,
    create_properties: dict[str, str] | None = None,
    update_min_disk: Amount = 0,
    update_min_ram: Amount = 0,
) -> None:
    """Create an image, then change its name and its minimums, and remove properties."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=create_min_disk,
        min_ram=create_min_ram,
        properties=create_properties,
    )
    await glance.update_image(
        user, image, min_disk=update_min_disk, min_ram=update_min_ram, remove_props=remove_props or ()
    )


@scenario("GlanceImages.create_and_deactivate_image", services=["image"], cleanup=["glance"])
async def create_and_deactivate_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: str,
    image_location: Location,
    disk_format: str,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
) -> None:
    """Create an image, then deactivate it."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
    )
    await glance.deactivate_image(user, image)


@scenario("GlanceImages.create_tag_and_delete_image", services=["image"], cleanup=["glance"])
async def create_tag_and_delete_image(  # noqa: PLR0917 - as the others
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
    tags: Count = 50,
) -> None:
    """Create an image, add many tags to it, then delete it. Rally has no such scenario."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    await glance.add_tags(user, image, tags)
    await glance.delete_image(user, image)


@scenario("GlanceImages.create_and_download_image", services=["image"], cleanup=["glance"])
async def create_and_download_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
) -> None:
    """Create an image, then download its data."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    await glance.download_image(user, image)


@scenario("GlanceImages.create_image_and_boot_instances", services=["image", "compute"], cleanup=["glance", "nova"])
async def create_image_and_boot_instances(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    flavor: Flavor,
    number_instances: Count,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
    boot_server_kwargs: ServerOptions | None = None,
) -> None:
    """Create an image, then boot servers from it, all at the same time."""
    image = await glance.create_image(
        user,
        container_format,
        image_location,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    options = boot_server_kwargs or {}
    with user.action("nova.boot_servers"):
        await asyncio.gather(
            *(servers.boot_server(user, image["id"], flavor, **options) for _ in range(number_instances))
        )


def _no_url_to_import(args: Mapping[str, Any]) -> Iterator[Flaw]:
    location = args["image_location"]
    if args.get("import_method") == "web-download" and not location.startswith(("http://", "https://")):
        remedy = "write a URL that the cloud can reach, or let `import_method` be glance-direct"
        yield Flaw(("image_location",), f"'{location}' is not a URL, and web-download needs one", remedy)


@scenario(
    "GlanceImages.import_and_delete_image",
    services=["image"],
    cleanup=["glance"],
    contradictions=_no_url_to_import,
)
async def import_and_delete_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    container_format: ContainerFormat,
    image_location: Location,
    disk_format: DiskFormat,
    visibility: Visibility = "private",
    min_disk: Amount = 0,
    min_ram: Amount = 0,
    properties: dict[str, str] | None = None,
    stores: list[str] | None = None,
    all_stores: bool = True,
    import_method: ImportMethod = "glance-direct",
) -> None:
    """Import an image: from data that were staged, or by letting glance download a URL. Then delete it."""
    image = await glance.create_image_for_import(
        user,
        container_format,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    staged = import_method == "glance-direct"
    if staged:
        await glance.stage_image_data(user, image, image_location)
    image = await glance.import_image(
        user,
        image,
        import_method=import_method,
        import_uri="" if staged else image_location,
        stores=stores,
        all_stores=all_stores,
    )
    await glance.delete_image(user, image)
