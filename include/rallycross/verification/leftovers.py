"""Deletes what a verification has made and left: its domain's projects with all in them, and whatever bears its name.

Nothing else is touched: the domain was made for the run, and the prefix was given to it alone. Where the tests took
accounts that were given, there is no domain, and only the name tells what they left in the projects of these. After a
run that was killed, the next one in the same folder has the same prefix, and so finds what is to be deleted.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import openstack
from keystoneauth1.exceptions import ClientException
from openstack.exceptions import NotFoundException, SDKException

from rallycross.cloud.errors import ApiError
from rallycross.verification.discovery import has_service
from rallycross.verification.provisions import domain_name

GONE_SECONDS = 60.0  # for things of one kind to be gone, so that what they use is free
ATTEMPTS = 3  # at deleting what is refused
POLL = 0.5
_GONE = frozenset({"deleted", "soft_deleted"})  # the states of what a cloud shows still

Thing = Any  # a resource of openstacksdk


@dataclass(frozen=True)
class Kind:
    """One kind of thing."""

    name: str
    all: Callable[[], Iterable[Thing]]
    get: Callable[[str], Thing]
    delete: Callable[[Thing], object]


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

        for kind in _in_projects(connection):
            with cleaned.noting(f"every {kind.name} of {domain_name(prefix)}, or named {prefix}-*"):
                _Drain(kind, lambda one: _owner(one) in projects or named(one), cleaned).run()
        for kind in _anywhere(connection):
            with cleaned.noting(f"every {kind.name} named {prefix}-*"):
                _Drain(kind, named, cleaned).run()
    return cleaned


class _Drain:
    """Deletes what there is of one kind that is the run's, and waits until it is gone.

    A list of several pages can skip what changes while they are read. So one that shows nothing new is read once more,
    and what has been seen is gone when the cloud says so of its id.
    """

    def __init__(self, kind: Kind, mine: Callable[[Thing], bool], cleaned: Cleaned) -> None:
        self._kind, self._mine, self._cleaned = kind, mine, cleaned
        self._there: dict[str, Thing] = {}
        self._tried: Counter[str] = Counter()
        self._refused: dict[str, str] = {}  # why, of those whose last try was

    def run(self) -> None:
        try:
            self._until_gone()
        finally:
            for one, thing in self._there.items():
                why = self._refused.get(one, f"is there still after {GONE_SECONDS:g} s")
                self._cleaned.remaining.append(f"{self._kind.name} {thing.name or ''} ({one}): {why}")

    def _until_gone(self) -> None:
        deadline = time.monotonic() + GONE_SECONDS
        silent = 0  # lists that have shown nothing new, since the last one that has
        while True:
            new = {thing.id: thing for thing in self._kind.all() if self._mine(thing) and thing.id not in self._tried}
            silent = 0 if new else silent + 1
            self._there |= new
            for one, thing in self._there.items():
                if one in new or (one in self._refused and self._tried[one] < ATTEMPTS):
                    self._delete(thing)
            for one in [one for one in self._there if not self._is_there(one)]:
                del self._there[one]
                self._cleaned.deleted += 1
            hopeless = all(self._tried[one] >= ATTEMPTS and one in self._refused for one in self._there)
            if (silent > 1 and hopeless) or time.monotonic() > deadline:
                return
            time.sleep(POLL if self._there else 0)

    def _delete(self, thing: Thing) -> None:
        self._tried[thing.id] += 1
        self._refused.pop(thing.id, None)
        try:
            self._kind.delete(thing)
        except (SDKException, ClientException, ApiError) as error:
            self._refused[thing.id] = str(error)

    def _is_there(self, one: str) -> bool:
        """Ask for a thing by its id; what cannot be asked for is taken to be there."""
        try:
            thing = self._kind.get(one)
        except NotFoundException:
            return False
        except (SDKException, ClientException, ApiError):
            return True
        return str(getattr(thing, "status", "")).lower() not in _GONE


def _owner(thing: Thing) -> str:
    # an image and a volume say it in words of their own
    return next((str(owner) for key in ("project_id", "owner") if (owner := getattr(thing, key, None))), "")


def _in_projects(connection: openstack.connection.Connection) -> list[Kind]:
    """Return what a project may hold, in an order in which nothing is in another's way."""
    kinds: list[Kind] = []
    if has_service(connection, "compute"):
        compute = connection.compute
        kinds.append(
            Kind("server", lambda: compute.servers(all_projects=True), compute.get_server, compute.delete_server)
        )
    if has_service(connection, "block-storage"):
        volume: Any = connection.block_storage
        kinds += [
            Kind(
                "volume snapshot",
                lambda: volume.snapshots(all_projects=True),
                volume.get_snapshot,
                volume.delete_snapshot,
            ),
            Kind("volume", lambda: volume.volumes(all_projects=True), volume.get_volume, volume.delete_volume),
        ]
    if has_service(connection, "image"):
        kinds.append(_images(connection))
    if has_service(connection, "network"):
        net: Any = connection.network
        kinds += [
            Kind("floating address", net.ips, net.get_ip, net.delete_ip),
            Kind("router", net.routers, net.get_router, lambda router: _delete_router(net, router)),
            Kind("port", net.ports, net.get_port, net.delete_port),
            Kind("network", net.networks, net.get_network, lambda found: _delete_network(net, found)),
            Kind("subnet pool", net.subnet_pools, net.get_subnet_pool, net.delete_subnet_pool),
            Kind("security group", net.security_groups, net.get_security_group, net.delete_security_group),
        ]
    return kinds


def _anywhere(connection: openstack.connection.Connection) -> list[Kind]:
    """Return what belongs to no project, or to the administrator's."""
    identity: Any = connection.identity
    kinds = [
        Kind("service", identity.services, identity.get_service, identity.delete_service),
        Kind("region", identity.regions, identity.get_region, identity.delete_region),
        Kind("role", identity.roles, identity.get_role, identity.delete_role),
        Kind("user", identity.users, identity.get_user, identity.delete_user),
        Kind("group", identity.groups, identity.get_group, identity.delete_group),
        Kind("project", identity.projects, identity.get_project, identity.delete_project),
        Kind("domain", identity.domains, identity.get_domain, lambda domain: _delete_domain(identity, domain)),
    ]
    if has_service(connection, "compute"):
        compute: Any = connection.compute
        kinds += [
            Kind("flavor", lambda: compute.flavors(is_public=None), compute.get_flavor, compute.delete_flavor),
            Kind("aggregate", compute.aggregates, compute.get_aggregate, compute.delete_aggregate),
        ]
    if has_service(connection, "image"):
        kinds.append(_images(connection))
    if has_service(connection, "block-storage"):
        volume: Any = connection.block_storage
        kinds.append(Kind("volume type", volume.types, volume.get_type, volume.delete_type))
    return kinds


def _images(connection: openstack.connection.Connection) -> Kind:
    image: Any = connection.image
    return Kind("image", image.images, image.get_image, image.delete_image)


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
