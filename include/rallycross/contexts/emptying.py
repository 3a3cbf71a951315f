"""Empties a project, acting as the cloud's administrator."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException
from openstack.image.v2.image import Image

LIMIT = 600.0  # seconds until all things of one kind must be gone; Rally's default
_PAUSE = 0.5  # seconds between two rounds


class Stubborn(Exception):  # noqa: N818 - reads as what it says
    """Things that do not go away."""


@dataclass(frozen=True)
class _Kind:
    """A kind of thing that a project can hold."""

    name: str
    service: str  # official type
    things: Callable[[Connection, str], Iterable[Any]]
    delete: Callable[[Connection, Any], object]
    listing_makes_one: bool = False  # so that there is no point in looking whether any is left


def empty(connection: Connection, project: str, *, limit: float = LIMIT) -> None:
    """Delete all that is in a project, and wait until it is gone; raise `Stubborn` when that takes too long."""
    for kind in _KINDS:
        if connection.has_service(kind.service):
            _drain(connection, project, kind, limit)


def _drain(connection: Connection, project: str, kind: _Kind, limit: float) -> None:
    """Delete until there is nothing more: what is in the middle of a change refuses, but not for ever."""
    began = time.monotonic()
    while things := [thing for thing in kind.things(connection, project) if _owner(thing) == project]:
        refusal = ""
        for thing in things:
            try:
                kind.delete(connection, thing)
            except NotFoundException:
                continue
            except (SDKException, ClientException) as error:
                refusal = f": {error}"
        if kind.listing_makes_one and not refusal:
            return
        if time.monotonic() - began > limit:
            raise Stubborn(f"{len(things)} {kind.name} are there still after {limit:g} s{refusal}")
        time.sleep(_PAUSE)


def _owner(thing: Any) -> str | None:
    """Return whose a thing is: asked of each one, since a service that overlooks the filter shows everybody's."""
    owner: str | None = thing.owner if isinstance(thing, Image) else thing.project_id
    return owner


def _delete_router(connection: Connection, router: Any) -> None:
    for port in connection.network.ports(device_id=router.id):
        if port.device_owner != "network:router_gateway":
            connection.network.remove_interface_from_router(router, port=port.id)
    connection.network.delete_router(router, ignore_missing=False)


# In the order in which they hold on to each other. A volume is forced: one in an error state does not go otherwise.
_KINDS = (
    _Kind(
        "servers",
        "compute",
        lambda connection, project: connection.compute.servers(all_projects=True, project_id=project),
        lambda connection, server: connection.compute.delete_server(server, ignore_missing=False),
    ),
    _Kind(
        "volume snapshots",
        "block-storage",
        lambda connection, project: connection.block_storage.snapshots(all_projects=True, project_id=project),
        lambda connection, snapshot: connection.block_storage.delete_snapshot(snapshot, ignore_missing=False),
    ),
    _Kind(
        "volumes",
        "block-storage",
        lambda connection, project: connection.block_storage.volumes(all_projects=True, project_id=project),
        lambda connection, volume: connection.block_storage.delete_volume(volume, ignore_missing=False, force=True),
    ),
    _Kind(
        "images",
        "image",
        lambda connection, project: connection.image.images(owner=project),
        lambda connection, image: connection.image.delete_image(image, ignore_missing=False),
    ),
    _Kind(
        "floating IPs",
        "network",
        lambda connection, project: connection.network.ips(project_id=project),
        lambda connection, address: connection.network.delete_ip(address, ignore_missing=False),
    ),
    _Kind(
        "routers",
        "network",
        lambda connection, project: connection.network.routers(project_id=project),
        _delete_router,
    ),
    _Kind(
        "ports",
        "network",
        lambda connection, project: connection.network.ports(project_id=project),
        lambda connection, port: connection.network.delete_port(port, ignore_missing=False),
    ),
    _Kind(
        "networks",
        "network",
        lambda connection, project: connection.network.networks(project_id=project),
        lambda connection, network: connection.network.delete_network(network, ignore_missing=False),
    ),
    _Kind(
        "security groups",
        "network",
        lambda connection, project: connection.network.security_groups(project_id=project),
        lambda connection, group: connection.network.delete_security_group(group, ignore_missing=False),
        listing_makes_one=True,  # whoever asks for a project's groups gets a default one made
    ),
)
