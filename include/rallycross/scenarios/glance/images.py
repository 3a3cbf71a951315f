"""Scenarios about images."""

from typing import Literal

from rallycross.scenario.arguments import Amount, Location
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.glance import steps as glance

ContainerFormat = Literal["ami", "ari", "aki", "bare", "ovf"]
DiskFormat = Literal["ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vdi", "iso"]
Visibility = Literal["public", "private", "shared", "community"]


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
        user, container_format, image_location, disk_format, visibility, min_disk, min_ram, properties
    )
    await glance.delete_image(user, image)
