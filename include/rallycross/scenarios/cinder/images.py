"""Scenarios about images of volumes."""

from typing import Unpack

from rallycross.scenario.arguments import Image, Size, draw
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import volumes
from rallycross.scenarios.cinder.steps.volumes import VolumeOptions
from rallycross.scenarios.cinder.volumes import options_contradictions
from rallycross.scenarios.glance import steps as glance


@scenario(
    "CinderVolumes.create_and_upload_volume_to_image",
    services=["block-storage", "image"],
    cleanup=["cinder", "glance"],
    contradictions=options_contradictions,
)
async def create_and_upload_volume_to_image(  # noqa: PLR0917 - Rally's arguments, in Rally's order
    user: User,
    size: Size,
    image: Image | None = None,
    force: bool = False,
    container_format: str = "bare",
    disk_format: str = "raw",
    do_delete: bool = True,
    **options: Unpack[VolumeOptions],
) -> None:
    """Create a volume, then upload it as an image."""
    if image:
        options["imageRef"] = image
    volume = await volumes.create_volume(user, draw(size), **options)
    uploaded = await volumes.upload_volume_to_image(
        user, volume, force=force, container_format=container_format, disk_format=disk_format
    )
    if do_delete:
        await volumes.delete_volume(user, volume)
        await glance.delete_image(user, uploaded)
