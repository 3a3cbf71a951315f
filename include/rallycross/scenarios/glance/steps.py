"""Steps with images."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypedDict, Unpack

from rallycross.cloud.condition import Also, becomes
from rallycross.cloud.service import resource
from rallycross.cloud.waiting import RallyPolling
from rallycross.scenario.lists import list_all
from rallycross.scenario.scenario import step
from rallycross.scenario.user import User

# Seconds until an image must be active after its upload, its import; Rally's defaults.
CREATE_LIMIT = 120.0
IMPORT_LIMIT = 120.0
_CREATE = RallyPolling(before=2, between=1)
_IMPORT = RallyPolling(before=0, between=2)

IMAGE = resource("glance.images")

# An image is active with the first of its stores; glance fails to delete it while it writes to the others.
_IN_ALL_STORES = Also("in all stores", lambda image: not image.get("os_glance_importing_to_stores"))

Image = dict[str, Any]

_BYTES = {"Content-Type": "application/octet-stream"}
_JSON_PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
_PAGE = 200  # images in a page of a list; the number that glanceclient asks for


class ImageOptions(TypedDict, total=False):
    """Options of a new image, by Rally's names."""

    visibility: str
    min_disk: int
    min_ram: int
    properties: dict[str, str] | None


@step("glance_v2.create_image")
async def create_image(
    user: User, container_format: str, image_location: str, disk_format: str, **options: Unpack[ImageOptions]
) -> Image:
    """Create an image, upload a file or URL to it, and wait until it is active."""
    image = await _new(user, container_format, disk_format, options)
    await _upload(user, f"/images/{image['id']}/file", image_location)
    return await user.wait(becomes(IMAGE, image["id"], "active", limit=CREATE_LIMIT), _CREATE)


@step("glance_v2.get_image")
async def get_image(user: User, image: Image) -> Image:
    """Return an image's details."""
    return dict(await user.get("image", f"/images/{image['id']}"))


@step("glance_v2.list_images")
async def list_images(user: User) -> list[Image]:
    """List the active images that the user can see."""
    return await list_all(user, "image", "/images", "images", {"status": "active", "limit": _PAGE})


@step("glance_v2.update_image")
async def update_image(
    user: User, image: Image, *, min_disk: int = 0, min_ram: int = 0, remove_props: Iterable[str] = ()
) -> Image:
    """Give an image a new name and other minimums; remove those of the properties that it has."""
    wanted = {"name": user.name(), "min_disk": min_disk, "min_ram": min_ram}
    changes = [{"op": "replace", "path": f"/{key}", "value": value} for key, value in wanted.items()]
    changes += [{"op": "remove", "path": f"/{key}"} for key in remove_props if key in image]
    return dict(await user.patch("image", f"/images/{image['id']}", changes, _JSON_PATCH))


@step("glance_v2.add_tags")
async def add_tags(user: User, image: Image, tags: int) -> None:
    """Add random tags to an image, one after another: the API has no request for several."""
    for _ in range(tags):
        await user.put("image", f"/images/{image['id']}/tags/{user.name()}")


@step("glance_v2.download_image")
async def download_image(user: User, image: Image) -> int:
    """Download an image's data; return the number of bytes. They are not kept."""
    return await user.download("image", f"/images/{image['id']}/file")


@step("glance_v2.deactivate_image")
async def deactivate_image(user: User, image: Image) -> None:
    """Deactivate an image: its data can no longer be used."""
    await user.post("image", f"/images/{image['id']}/actions/deactivate")


@step("glance_v2.create_image_for_import")
async def create_image_for_import(
    user: User, container_format: str, disk_format: str, **options: Unpack[ImageOptions]
) -> Image:
    """Create an image that waits for its data."""
    image = await _new(user, container_format, disk_format, options)
    return await user.wait(becomes(IMAGE, image["id"], "queued", limit=CREATE_LIMIT), _CREATE)


@step("glance_v2.stage_image_data")
async def stage_image_data(user: User, image: Image, image_location: str) -> None:
    """Upload a file or URL to where glance imports it from."""
    await _upload(user, f"/images/{image['id']}/stage", image_location)


@step("glance_v2.import_image")
async def import_image(
    user: User,
    image: Image,
    *,
    import_method: str = "glance-direct",
    import_uri: str = "",
    stores: list[str] | None = None,
    all_stores: bool = True,
) -> Image:
    """Import staged data, or those of a URL, and wait until the image is active, with its data in all stores."""
    method = {"name": import_method, **({"uri": import_uri} if import_uri else {})}
    where: dict[str, Any] = {"stores": stores} if stores else {"all_stores": True} if all_stores else {}
    await user.post("image", f"/images/{image['id']}/import", {"method": method, **where})
    return await user.wait(becomes(IMAGE, image["id"], "active", limit=IMPORT_LIMIT, also=_IN_ALL_STORES), _IMPORT)


@step("glance_v2.delete_image")
async def delete_image(user: User, image: Image) -> None:
    """Delete an image."""
    await user.delete("image", f"/images/{image['id']}")


async def _new(user: User, container_format: str, disk_format: str, options: ImageOptions) -> Image:
    """Create an image without data."""
    body = {
        "name": user.name(),
        "container_format": container_format,
        "disk_format": disk_format,
        "visibility": options.get("visibility", "private"),
        "min_disk": options.get("min_disk", 0),
        "min_ram": options.get("min_ram", 0),
        **(options.get("properties") or {}),
    }
    return dict(await user.post("image", "/images", body))


async def _upload(user: User, path: str, location: str) -> None:
    if not location.startswith(("http://", "https://")):
        with Path(location).open("rb") as file:  # noqa: ASYNC230 - aiohttp reads it on a thread
            await user.upload("image", path, file, _BYTES)
        return
    async with user.client.http.get(location, raise_for_status=True) as source:
        # With a known length the request is not chunked: not all servers accept chunks.
        length = {"Content-Length": str(source.content_length)} if source.content_length else {}
        await user.upload("image", path, source.content.iter_any(), {**_BYTES, **length})
