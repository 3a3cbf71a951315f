"""Steps with glance."""

from pathlib import Path
from typing import Any

from rallycross.cloud.condition import becomes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

CREATE_LIMIT = 120.0  # seconds until a new image must be active; Rally's default

_CREATE = RallyPolling(before=2, between=1)

IMAGE = resource("glance.images")

Image = dict[str, Any]

_BYTES = {"Content-Type": "application/octet-stream"}


@step("glance_v2.create_image")
async def create_image(  # noqa: PLR0917 - what an image is made of
    user: User,
    container_format: str,
    image_location: str,
    disk_format: str,
    visibility: str = "private",
    min_disk: int = 0,
    min_ram: int = 0,
    properties: dict[str, str] | None = None,
) -> Image:
    """Create an image, upload a file or URL to it, and wait until it is active."""
    body = {
        "name": user.name(),
        "container_format": container_format,
        "disk_format": disk_format,
        "visibility": visibility,
        "min_disk": min_disk,
        "min_ram": min_ram,
        **(properties or {}),
    }
    created = await user.post("image", "/images", body)
    await _upload(user, f"/images/{created['id']}/file", image_location)
    return await user.wait(becomes(IMAGE, created["id"], "active", limit=CREATE_LIMIT), _CREATE)


@step("glance_v2.delete_image")
async def delete_image(user: User, image: Image) -> None:
    """Delete an image."""
    await user.delete("image", f"/images/{image['id']}")


async def _upload(user: User, path: str, location: str) -> None:
    if not location.startswith(("http://", "https://")):
        with Path(location).open("rb") as file:  # noqa: ASYNC230 - aiohttp reads it on a thread
            await user.upload("image", path, file, _BYTES)
        return
    async with user.client.http.get(location, raise_for_status=True) as source:
        # With a known length the request is not chunked: not all servers accept chunks.
        length = {"Content-Length": str(source.content_length)} if source.content_length else {}
        await user.upload("image", path, source.content.iter_any(), {**_BYTES, **length})
