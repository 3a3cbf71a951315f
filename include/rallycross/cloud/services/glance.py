"""glance: images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rallycross.cloud.facts import Named
from rallycross.cloud.resource import Resource
from rallycross.cloud.service import Fact, Service, Tempest, describe

if TYPE_CHECKING:
    from openstack.connection import Connection


def _images(connection: "Connection") -> Iterator[Named]:
    for image in connection.image.images():
        details = {
            "min_ram": image.min_ram or 0,
            "min_disk": image.min_disk or 0,
            "size": image.size or 0,
            "status": image.status,
            "visibility": image.visibility,
            "owner": image.owner_id,
        }
        yield Named(image.id, image.name or "", details)


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
        tempest=Tempest("glance", "image"),
    )
)
