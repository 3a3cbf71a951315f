"""Creates what a verification needs and a cloud may lack; `cleanup` deletes it after the tests."""

import secrets
from dataclasses import replace
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException, ConnectFailure, UnknownConnectionError
from openstack.exceptions import SDKException

from rallycross.cloud.errors import ApiError, outcome_unknown
from rallycross.cloud.session import never_sent
from rallycross.errors import RallycrossError
from rallycross.verification.facts import Admin, Facts, Flavor, Image, Network

ADMIN_ROLE, MEMBER_ROLE = "admin", "member"  # keystone's default roles, which tempest uses too
IMAGE_BYTES = 1024 * 1024  # zeros: a test would only notice by logging in to a server
FLAVORS = ((128, 1), (192, 1))  # MB of memory, GB of disk
EXTERNAL = {"router", "external-net"}  # the extensions of neutron that an external network needs
EXTERNAL_CIDR = "203.0.113.0/24"  # reserved for documentation (RFC 5737), so it conflicts with no real network


class OutcomeUnknown(RallycrossError):  # noqa: N818
    """A create request had no conclusive answer: its resource may still appear."""


def domain_name(prefix: str) -> str:
    """Return the name of the domain of a run's projects and users."""
    return f"{prefix}-domain"


def provide(
    connection: openstack.connection.Connection, facts: Facts, prefix: str, *, admin: bool = True, member: bool = False
) -> tuple[Facts, Admin | None, Admin | None]:
    """Create the users of a run (an administrator, an ordinary user), and missing images, flavors and networks.

    All names begin with `prefix`. Returns the facts with the created resources, and the users that were asked for.
    Raises `RallycrossError` if the cloud refuses. If only the external network is refused, the facts have the reason
    instead, since most tests do not need floating IPs.
    """
    try:
        made = _admin(connection, prefix) if admin else None
        other = _member(connection, prefix, made) if made and member else None
        if "image" in facts.services and not facts.images:
            facts = replace(facts, images=(_image(connection, f"{prefix}-image"),))
        if "compute" in facts.services and len(facts.flavors) < len(FLAVORS):
            more = tuple(_flavor(connection, f"{prefix}-{ram}", ram, disk) for ram, disk in FLAVORS)
            facts = replace(facts, flavors=(*facts.flavors, *more))
        if set(facts.network_extensions) >= EXTERNAL and not facts.external_networks:
            facts = _with_external_network(connection, facts, f"{prefix}-public")
    except (SDKException, ClientException, ApiError) as error:
        kind = OutcomeUnknown if _outcome_unknown(error) else RallycrossError
        raise kind(
            f"cannot prepare the cloud for the tests ({error}) - a verification needs an administrator of the whole "
            "cloud, who may create domains, users, images and flavors"
        ) from error
    return facts, made, other


def _outcome_unknown(error: Exception) -> bool:
    """Tell whether a failed request may have been, or may still be, carried out."""
    if isinstance(error, ConnectFailure | UnknownConnectionError):
        return not never_sent(error)
    status = getattr(error, "status_code", None) or getattr(error, "http_status", None) or 0
    return outcome_unknown(error) or status >= 500


def _admin(connection: openstack.connection.Connection, prefix: str) -> Admin:
    """Create an administrator in a domain of its own.

    Tempest creates its projects and users in its administrator's domain. So the domain identifies them, and the cloud's
    own password need not be in tempest.conf.
    """
    identity: Any = connection.identity
    name, password = f"{prefix}-admin", secrets.token_urlsafe(24)
    role = _role(identity, ADMIN_ROLE)
    domain = identity.create_domain(name=domain_name(prefix), description="a verification's projects and users")
    project = identity.create_project(name=name, domain_id=domain.id)
    user = identity.create_user(name=name, password=password, domain_id=domain.id, default_project_id=project.id)
    identity.assign_project_role_to_user(project, user, role)
    return Admin(domain.name, domain.id, project.name, user.name, password)


def _member(connection: openstack.connection.Connection, prefix: str, admin: Admin) -> Admin:
    """Create an ordinary user of the administrator's project."""
    identity: Any = connection.identity
    name, password = f"{prefix}-member", secrets.token_urlsafe(24)
    user = identity.create_user(name=name, password=password, domain_id=admin.domain_id)
    project = next(identity.projects(name=admin.project, domain_id=admin.domain_id))
    identity.assign_project_role_to_user(project, user, _role(identity, MEMBER_ROLE))
    return replace(admin, username=user.name, password=password)


def _role(identity: Any, name: str) -> Any:
    role = next(identity.roles(name=name), None)
    if role is None:
        raise RallycrossError(f"the cloud has no role {name!r} - create it: the users of a run need it")
    return role


def _image(connection: openstack.connection.Connection, name: str) -> Image:
    made: Any = connection.create_image(
        name, data=b"\0" * IMAGE_BYTES, disk_format="raw", container_format="bare", visibility="public"
    )
    return Image(made.id, name, IMAGE_BYTES, "raw")


def _flavor(connection: openstack.connection.Connection, name: str, ram: int, disk: int) -> Flavor:
    made = connection.compute.create_flavor(name=name, ram=ram, disk=disk, vcpus=1, is_public=True)
    return Flavor(made.id, name, ram, disk)


def _with_external_network(connection: openstack.connection.Connection, facts: Facts, name: str) -> Facts:
    """Return the facts with a new, unconnected external network, or with the reason why there is none."""
    network: Any = connection.network
    try:
        made = network.create_network(name=name, is_router_external=True)
        network.create_subnet(name=name, network_id=made.id, ip_version=4, cidr=EXTERNAL_CIDR, is_dhcp_enabled=False)
    except SDKException as error:
        return replace(facts, no_external_network=f"the cloud has no external network and refused a new one: {error}")
    return replace(facts, external_networks=(Network(made.id, name, made=True),))
