"""Finds and deletes the resources that the provider has created in a cloud, by id or name."""

from collections.abc import Callable, Iterable
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import NotFoundException

from rallycross.cloud.api import Api
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import resource
from rallycross.errors import RallycrossError
from rallycross.leftovers.draining import Search, drain, look

# Kinds of ledger entries, in order of creation -> resource types.
KINDS: dict[str, str] = {
    "image": "glance.images",
    "keypair": "nova.keypairs",
    "security-group": "neutron.security_group",
    "server": "nova.servers",
    "address": "neutron.floatingip",
}


def found(connection: Connection, kind: str, name: str, known: str | None) -> list[Any]:
    """Return the resource with the `known` id, or else those with exactly this name in our own project."""
    get: dict[str, Callable[[str], Any]] = {
        "image": connection.image.get_image,
        "keypair": connection.compute.get_keypair,
        "security-group": connection.network.get_security_group,
        "server": connection.compute.get_server,
        "address": connection.network.get_ip,
    }
    of = resource(KINDS[kind])
    ids = [known] if known else [str(one[of.id]) for one in look(of, _named(connection, of, name))]
    there = []
    for one in ids:
        try:
            there.append(get[kind](one))
        except NotFoundException:
            continue
    return there


def delete(connection: Connection, kind: str, made: Iterable[tuple[str, str | None]], *, limit: float) -> None:
    """Delete resources by their names and ids, and wait until they are gone, as they use others until then.

    Raise `RallycrossError` if one is not gone within `limit` seconds; those that are gone already are ignored.
    """
    of = resource(KINDS[kind])
    searches = [_known(connection, of, name, known) if known else _named(connection, of, name) for name, known in made]
    left = drain(of, searches, limit=limit).left
    if left:
        what = "; ".join(map(str, left))
        raise RallycrossError(f"{what} - delete it there, or raise `timeout` if that was too short")


def _named(connection: Connection, of: Resource, name: str) -> Search:
    place, by = _own(connection), of.name_filters[0]

    def wanted(thing: Thing) -> bool:
        return of.name_of(thing) == name and thing.get(of.owner) in {None, place.project}

    return Search(place, wanted, {by: name} if by else {})


def _known(connection: Connection, of: Resource, name: str, identifier: str) -> Search:
    known = [{of.naming: name, of.id: identifier}]
    return Search(_own(connection), lambda thing: str(thing[of.id]) == identifier, known=known)


def _own(connection: Connection) -> Place:
    """Return our own project, even if we may see others."""
    api = Api(connection)
    return Place(api, admin=False, project=api.project, user=api.user)


def addresses(server: Any) -> list[str]:
    """Return a server's fixed addresses, IPv4 before IPv6."""
    known = [one for several in (server.addresses or {}).values() for one in several]
    own = [one for one in known if one.get("OS-EXT-IPS:type") != "floating"]
    return [str(one["addr"]) for one in sorted(own, key=lambda one: one["version"])]
