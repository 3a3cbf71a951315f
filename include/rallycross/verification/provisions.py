"""What a verification needs and a cloud may lack, made before the tests; leftovers.py takes it away after them."""

from dataclasses import replace
from typing import Any

import openstack
from openstack.exceptions import HttpException

from rallycross.errors import RallycrossError
from rallycross.verification.facts import Facts, Flavor, Image

IMAGE_BYTES = 1024 * 1024  # of zeros: no test looks into an image without logging in to a server
FLAVORS = ((128, 1), (192, 1))  # MB of memory, GB of disk


def domain_name(prefix: str) -> str:
    """Return the name of the domain in which a run's projects and users live."""
    return f"{prefix}-domain"


def provide(connection: openstack.connection.Connection, facts: Facts, prefix: str) -> Facts:
    """Make the run's domain, and an image and flavors where the cloud has none; return the facts with them.

    All names begin with `prefix`. Raises `RallycrossError` where the cloud does not let this be done.
    """
    identity: Any = connection.identity
    try:
        identity.create_domain(name=domain_name(prefix), description="tempest's projects and users, while it runs")
        if "image" in facts.services and not facts.images:
            facts = replace(facts, images=(_image(connection, f"{prefix}-image"),))
        if "compute" in facts.services and len(facts.flavors) < len(FLAVORS):
            made = tuple(_flavor(connection, f"{prefix}-{ram}", ram, disk) for ram, disk in FLAVORS)
            facts = replace(facts, flavors=(*facts.flavors, *made))
    except HttpException as error:
        raise RallycrossError(
            f"cannot prepare the cloud for tempest ({error}) - verifying needs an administrator of the whole cloud, "
            "who may make domains, images and flavors"
        ) from error
    return facts


def _image(connection: openstack.connection.Connection, name: str) -> Image:
    made: Any = connection.create_image(
        name, data=b"\0" * IMAGE_BYTES, disk_format="raw", container_format="bare", visibility="public"
    )
    return Image(made.id, name, IMAGE_BYTES, "raw")


def _flavor(connection: openstack.connection.Connection, name: str, ram: int, disk: int) -> Flavor:
    made = connection.compute.create_flavor(name=name, ram=ram, disk=disk, vcpus=1, is_public=True)
    return Flavor(made.id, name, ram, disk)
