"""What a verification needs and a cloud may lack, made before the tests; leftovers.py takes it away after them."""

import secrets
from dataclasses import replace
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException

from rallycross.errors import RallycrossError
from rallycross.verification.facts import Admin, Facts, Flavor, Image

ADMIN_ROLE = "admin"  # tempest calls it so as well
IMAGE_BYTES = 1024 * 1024  # of zeros: no test looks into an image without logging in to a server
FLAVORS = ((128, 1), (192, 1))  # MB of memory, GB of disk


def domain_name(prefix: str) -> str:
    """Return the name of the domain in which a run's projects and users live."""
    return f"{prefix}-domain"


def provide(connection: openstack.connection.Connection, facts: Facts, prefix: str) -> tuple[Facts, Admin]:
    """Make an administrator for the run, and an image and flavors where the cloud has none.

    All names begin with `prefix`. Returns the facts with what was made. Raises `RallycrossError` where the cloud does
    not let this be done.
    """
    try:
        admin = _admin(connection, prefix)
        if "image" in facts.services and not facts.images:
            facts = replace(facts, images=(_image(connection, f"{prefix}-image"),))
        if "compute" in facts.services and len(facts.flavors) < len(FLAVORS):
            made = tuple(_flavor(connection, f"{prefix}-{ram}", ram, disk) for ram, disk in FLAVORS)
            facts = replace(facts, flavors=(*facts.flavors, *made))
    except (SDKException, ClientException) as error:
        raise RallycrossError(
            f"cannot prepare the cloud for tempest ({error}) - verifying needs an administrator of the whole cloud, "
            "who may make domains, users, images and flavors"
        ) from error
    return facts, admin


def _admin(connection: openstack.connection.Connection, prefix: str) -> Admin:
    """Make an administrator in a domain of its own.

    Tempest makes its projects and users in its administrator's domain: a domain for the run alone tells them from
    everyone else's, and the cloud's own password need not be written to tempest.conf.
    """
    identity: Any = connection.identity
    name, password = f"{prefix}-admin", secrets.token_urlsafe(24)
    role = next(identity.roles(name=ADMIN_ROLE), None)
    if role is None:
        raise RallycrossError(f"the cloud has no role {ADMIN_ROLE!r} - tempest's administrator needs it")
    domain = identity.create_domain(name=domain_name(prefix), description="tempest's projects and users")
    project = identity.create_project(name=name, domain_id=domain.id)
    user = identity.create_user(name=name, password=password, domain_id=domain.id, default_project_id=project.id)
    identity.assign_project_role_to_user(project, user, role)
    return Admin(domain.name, domain.id, project.name, user.name, password)


def _image(connection: openstack.connection.Connection, name: str) -> Image:
    made: Any = connection.create_image(
        name, data=b"\0" * IMAGE_BYTES, disk_format="raw", container_format="bare", visibility="public"
    )
    return Image(made.id, name, IMAGE_BYTES, "raw")


def _flavor(connection: openstack.connection.Connection, name: str, ram: int, disk: int) -> Flavor:
    made = connection.compute.create_flavor(name=name, ram=ram, disk=disk, vcpus=1, is_public=True)
    return Flavor(made.id, name, ram, disk)
