"""Things in a cloud that a provider has made: found again by id or name, and deleted."""

from collections.abc import Callable, Iterable
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import NotFoundException

from rallycross.cloud.api import Api
from rallycross.cloud.resource import Place, Resource, Thing
from rallycross.cloud.service import resource
from rallycross.errors import RallycrossError
from rallycross.leftovers.draining import Search, drain, look

# Words of the ledger, in the order of making, and the kinds of things that they mean.
KINDS: dict[str, str] = {
    "image": "glance.images",
    "keypair": "nova.keypairs",
    "security-group": "neutron.security_group",
    "server": "nova.servers",
    "address": "neutron.floatingip",
}


def found(connection: Connection, kind: str, name: str, known: str | None) -> list[Any]:
    """Return what there is of a thing that has a `known` id, or else what has exactly its name in our own project."""
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
        except NotFoundException:  # it is gone
            continue
    return there


def delete(connection: Connection, kind: str, made: Iterable[tuple[str, str | None]], *, limit: float) -> None:
    """Delete things by their names and ids, and wait until they are gone: they use others until then.

    Raise `RallycrossError` where one does not go within `limit` seconds; what is gone already is fine.
    """
    of = resource(KINDS[kind])
    searches = [_known(connection, of, name, known) if known else _named(connection, of, name) for name, known in made]
    left = drain(of, searches, limit=limit).left
    if left:
        what = "; ".join(map(str, left))
        raise RallycrossError(f"{what} - delete it there, or raise `timeout` where that was too short")


def _named(connection: Connection, of: Resource, name: str) -> Search:
    place, by = _own(connection), of.name_filters[0]

    def wanted(thing: Thing) -> bool:
        return of.name_of(thing) == name and thing.get(of.owner) in {None, place.project}

    return Search(place, wanted, {by: name} if by else {})


def _known(connection: Connection, of: Resource, name: str, identifier: str) -> Search:
    known = [{of.naming: name, of.id: identifier}]
    return Search(_own(connection), lambda thing: str(thing[of.id]) == identifier, known=known)


def _own(connection: Connection) -> Place:
    """Return our own project, whatever else we may see."""
    api = Api(connection)
    return Place(api, admin=False, project=api.project, user=api.user)


def addresses(server: Any) -> list[str]:
    """Return a server's own addresses: those of IPv4 before those of IPv6, and none that floats."""
    known = [one for several in (server.addresses or {}).values() for one in several]
    own = [one for one in known if one.get("OS-EXT-IPS:type") != "floating"]
    return [str(one["addr"]) for one in sorted(own, key=lambda one: one["version"])]
