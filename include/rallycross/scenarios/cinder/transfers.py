"""Scenarios about transfers of volumes to other projects."""

from typing import Any, Unpack

from rallycross.scenario.arguments import Image, Size, draw
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.cinder.steps import transfers
from rallycross.scenarios.cinder.steps.volumes import VolumeOptions, create_volume
from rallycross.scenarios.cinder.volumes import options_contradictions


@scenario(
    "CinderVolumes.create_and_accept_transfer",
    services=["block-storage"],
    cleanup=["cinder"],
    contradictions=options_contradictions,
)
async def create_and_accept_transfer(
    user: User, size: Size, image: Image | None = None, **options: Unpack[VolumeOptions]
) -> None:
    """Create a volume, offer it for transfer, then accept it."""
    if image:
        options["imageRef"] = image
    volume = await create_volume(user, draw(size), **options)
    transfer = await transfers.create_transfer(user, volume)
    await transfers.accept_transfer(user, transfer)


@scenario("CinderVolumes.list_transfers", services=["block-storage"])
async def list_transfers(user: User, detailed: bool = True, search_opts: dict[str, Any] | None = None) -> None:
    """List the transfers of a project."""
    await transfers.list_transfers(user, detailed=detailed, search_opts=search_opts)
