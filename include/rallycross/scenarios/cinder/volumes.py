"""Scenarios about volumes."""

from typing import Unpack

from rallycross.scenario.arguments import Image, Seconds, Size, draw, size_contradictions
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder import steps as cinder
from rallycross.scenarios.cinder.steps import VolumeOptions


@scenario(
    "CinderVolumes.create_and_delete_volume",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=size_contradictions,
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
    if image:
        options["imageRef"] = image
    volume = await cinder.create_volume(user, draw(size), **options)
    await user.pause(min_sleep, max_sleep)
    await cinder.delete_volume(user, volume)
