"""Deletes what a verification has made and left: its domain's projects with all in them, and whatever bears its name.

Nothing else is touched: the domain was made for the run, and the prefix was given to it alone. Where the tests took
accounts that were given, there is no domain, and only the name tells what they left in the projects of these. After a
run that was killed, the next one in the same folder has the same prefix, and so finds what is to be deleted.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException

from rallycross.cloud.errors import ApiError
from rallycross.verification.discovery import has_service
from rallycross.verification.provisions import domain_name

GONE_SECONDS = 60  # for servers and volumes to be gone, so that what they use is free
POLL = 0.5

Thing = Any  # a resource of openstacksdk
Kind = tuple[str, Callable[[], Iterable[Thing]], Callable[[Thing], object]]  # what it is, all of them, delete one


@dataclass
class Cleaned:
    """What has become of the leftovers."""

    deleted: int = 0
    remaining: list[str] = field(default_factory=list)  # "server NAME (ID): why it could not be deleted"

    def __str__(self) -> str:
        told = [f"{self.deleted} things that it had made were deleted"] if self.deleted else []
        if self.remaining:
            told.append(f"left on the cloud, to be deleted by hand: {'; '.join(self.remaining)}")
        return "; ".join(told)

    def delete(self, kind: str, things: Iterable[Thing], delete: Callable[[Thing], object]) -> None:
        """Delete each; what cannot be deleted is noted, and does not keep the rest from being deleted."""
        for thing in things:
            with self.noting(f"{kind} {thing.name or ''} ({thing.id})"):
                delete(thing)
                self.deleted += 1

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Note that the cloud did not let this be done."""
        try:
            yield
        except (SDKException, ClientException, ApiError) as error:
            self.remaining.append(f"{what}: {error}")


def clean(connection: openstack.connection.Connection, prefix: str) -> Cleaned:
    """Delete all that the run with this prefix has made. Raises nothing that the cloud is the reason for."""
    cleaned = Cleaned()
    with cleaned.noting(f"whatever is named {prefix}-*"):
        identity: Any = connection.identity
        domain = next(identity.domains(name=domain_name(prefix)), None)
        projects = {project.id for project in identity.projects(domain_id=domain.id)} if domain else set()

        def named(thing: Thing) -> bool:
            return str(thing.name or thing.id).startswith(f"{prefix}-")

        for kind, everything, delete in _in_projects(connection):
            with cleaned.noting(f"every {kind} of {domain_name(prefix)}, or named {prefix}-*"):
                _delete_in(kind, everything, lambda one: _owner(one) in projects or named(one), delete, cleaned)
        for kind, everything, delete in _anywhere(connection):
            with cleaned.noting(f"every {kind} named {prefix}-*"):
                cleaned.delete(kind, filter(named, list(everything())), delete)
    return cleaned


def _delete_in(
    kind: str,
    everything: Callable[[], Iterable[Thing]],
    mine: Callable[[Thing], bool],
    delete: Callable[[Thing], object],
    cleaned: Cleaned,
) -> None:
    """Delete what there is of one kind that is the run's, and wait until it is gone."""

    def standing() -> list[Thing]:
        return [thing for thing in everything() if mine(thing)]

    things = standing()
    cleaned.delete(kind, things, delete)
    deadline = time.monotonic() + GONE_SECONDS
    while things and time.monotonic() < deadline:
        things = standing()
        time.sleep(POLL if things else 0)


def _owner(thing: Thing) -> str:
    # an image and a volume say it in words of their own
    return next((str(owner) for key in ("project_id", "owner") if (owner := getattr(thing, key, None))), "")


def _in_projects(connection: openstack.connection.Connection) -> list[Kind]:
    """Return what a project may hold, in an order in which nothing is in another's way."""
    kinds: list[Kind] = []
    if has_service(connection, "compute"):
        compute = connection.compute
        kinds.append(("server", lambda: compute.servers(all_projects=True), compute.delete_server))
    if has_service(connection, "block-storage"):
        volume = connection.block_storage
        kinds += [
            ("volume snapshot", lambda: volume.snapshots(all_projects=True), volume.delete_snapshot),
            ("volume", lambda: volume.volumes(all_projects=True), volume.delete_volume),
        ]
    if has_service(connection, "image"):
        kinds.append(("image", connection.image.images, connection.image.delete_image))
    if has_service(connection, "network"):
        network = connection.network
        kinds += [
            ("floating address", network.ips, network.delete_ip),
            ("router", network.routers, lambda router: _delete_router(network, router)),
            ("port", network.ports, network.delete_port),
            ("network", network.networks, lambda found: _delete_network(network, found)),
            ("subnet pool", network.subnet_pools, network.delete_subnet_pool),
            ("security group", network.security_groups, network.delete_security_group),
        ]
    return kinds


def _anywhere(connection: openstack.connection.Connection) -> list[Kind]:
    """Return what belongs to no project, or to the administrator's."""
    identity: Any = connection.identity
    kinds: list[Kind] = [
        ("service", identity.services, identity.delete_service),
        ("region", identity.regions, identity.delete_region),
        ("role", identity.roles, identity.delete_role),
        ("user", identity.users, identity.delete_user),
        ("group", identity.groups, identity.delete_group),
        ("project", identity.projects, identity.delete_project),
        ("domain", identity.domains, lambda domain: _delete_domain(identity, domain)),
    ]
    if has_service(connection, "compute"):
        compute = connection.compute
        kinds += [
            ("flavor", lambda: compute.flavors(is_public=None), compute.delete_flavor),
            ("aggregate", compute.aggregates, compute.delete_aggregate),
        ]
    if has_service(connection, "image"):
        kinds.append(("image", connection.image.images, connection.image.delete_image))
    if has_service(connection, "block-storage"):
        kinds.append(("volume type", connection.block_storage.types, connection.block_storage.delete_type))
    return kinds


def _delete_router(network: Any, router: Thing) -> None:
    for address in network.ips(router_id=router.id):  # it has no name
        network.delete_ip(address)
    for port in network.ports(device_id=router.id, device_owner="network:router_interface"):
        network.remove_interface_from_router(router, port_id=port.id)
    network.delete_router(router)


def _delete_network(network: Any, found: Thing) -> None:
    for port in network.ports(network_id=found.id):  # whosever and whatever they are called
        network.delete_port(port)
    network.delete_network(found)


def _delete_domain(identity: Any, domain: Thing) -> None:
    identity.update_domain(domain.id, is_enabled=False)  # keystone deletes no domain that is in use
    identity.delete_domain(domain.id)
