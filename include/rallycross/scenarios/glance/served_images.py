"""Scenarios in which glance downloads images from this machine. Rally has none."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from rallycross.scenario.arguments import Amount, Location
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.scenarios.glance import steps as glance
from rallycross.scenarios.glance.images import ContainerFormat, DiskFormat, Visibility
from rallycross.task.flaw import Flaw


def _no_file(args: Mapping[str, Any]) -> Iterator[Flaw]:
    location = args["image_location"]
    if location.startswith(("http://", "https://")):
        remedy = "name a file, or take GlanceImages.import_and_delete_image with `import_method: web-download`"
        yield Flaw(("image_location",), f"'{location}' is not a file, which this machine could serve", remedy)


@scenario("GlanceImages.serve_import_and_delete_image", services=["image"], cleanup=["glance"], contradictions=_no_file)
async def serve_import_and_delete_image(  # noqa: PLR0917 - as GlanceImages.import_and_delete_image
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
    address: str = "127.0.0.1",
) -> None:
    """Serve a file at `address` of this machine, let glance import it by web-download, then delete the image."""
    image = await glance.create_image_for_import(
        user,
        container_format,
        disk_format,
        visibility=visibility,
        min_disk=min_disk,
        min_ram=min_ram,
        properties=properties,
    )
    async with _served(image_location, address) as url:
        image = await glance.import_image(
            user, image, import_method="web-download", import_uri=url, stores=stores, all_stores=all_stores
        )
    await glance.delete_image(user, image)


@asynccontextmanager
async def _served(path: str, address: str) -> AsyncIterator[str]:
    """Serve one file by HTTP, on a free port, until the block ends; give its URL."""

    async def file(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    app = web.Application()
    app.router.add_get("/image", file)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, 0).start()
        port = runner.addresses[0][1]
        yield f"http://[{address}]:{port}/image" if ":" in address else f"http://{address}:{port}/image"
    finally:
        await runner.cleanup()
