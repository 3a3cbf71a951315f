"""glance: images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rallycross.cloud.facts import NamedResource
from rallycross.cloud.resource import Resource
from rallycross.cloud.service import Fact, Service, TempestService, describe

if TYPE_CHECKING:
    from rallycross.cloud.api import Api


def _images(api: "Api") -> Iterator[NamedResource]:
    for image in api.list("image", "/images", "images"):
        sizes = {name: image.get(name) or 0 for name in ("min_ram", "min_disk", "size")}
        details = sizes | {name: image.get(name) for name in ("status", "visibility", "owner", "checksum")}
        yield NamedResource(image["id"], image.get("name") or "", details)


describe(
    Service(
        "glance",
        "image",
        version="v2",
        order=400,
        resources=(
            Resource(
                "glance.images", "project", "image", "/images", project_filter="owner", owner="owner", at_once=True
            ),
        ),
        facts={"image": Fact(_images)},
        tempest=TempestService("glance", "image"),
    )
)
