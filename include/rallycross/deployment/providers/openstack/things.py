"""Things in a cloud that a provider has made: found again by id or name, and deleted."""

from collections.abc import Callable, Iterable
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import NotFoundException, ResourceTimeout

from rallycross.errors import RallycrossError

KINDS = ("image", "keypair", "security-group", "server", "address")  # words of the ledger, in the order of making


def found(api: Connection, kind: str, name: str, known: str | None) -> list[Any]:
    """Return what there is of a thing that has a `known` id, or else what has exactly its name in our own project."""
    if known is None:
        return [one for one in _listed(api, kind, name) if name == (one.description if kind == "address" else one.name)]
    get: dict[str, Callable[[str], Any]] = {
        "image": api.image.get_image,
        "keypair": api.compute.get_keypair,
        "security-group": api.network.get_security_group,
        "server": api.compute.get_server,
        "address": api.network.get_ip,
    }
    try:
        return [get[kind](known)]
    except NotFoundException:
        return []


def delete(api: Connection, kind: str, thing: Any) -> None:
    """Ask for a thing's deletion; what is gone already is fine."""
    match kind:
        case "image":
            api.image.delete_image(thing)
        case "keypair":
            api.compute.delete_keypair(thing)
        case "security-group":
            api.network.delete_security_group(thing)
        case "server":
            api.compute.delete_server(thing)
        case _:
            api.network.delete_ip(thing)


def await_gone(api: Connection, server: Any, *, limit: float) -> None:
    """Wait until a server is gone: it uses its group and its address until then."""
    try:
        api.compute.wait_for_delete(server, interval=1, wait=limit)
    except ResourceTimeout as error:
        raise RallycrossError(
            f"server {server.name} is not gone {limit:g} s after its deletion - raise `timeout`, or ask why"
        ) from error


def addresses(server: Any) -> list[str]:
    """Return a server's own addresses: those of IPv4 before those of IPv6, and none that floats."""
    known = [one for several in (server.addresses or {}).values() for one in several]
    own = [one for one in known if one.get("OS-EXT-IPS:type") != "floating"]
    return [str(one["addr"]) for one in sorted(own, key=lambda one: one["version"])]


def _listed(api: Connection, kind: str, name: str) -> Iterable[Any]:
    project = api.current_project_id
    match kind:
        case "image":
            return api.image.images(name=name, owner=project)
        case "keypair":
            return api.compute.keypairs()
        case "security-group":
            return api.network.security_groups(name=name, project_id=project)
        case "server":
            return api.compute.servers(name=f"^{name}$")  # a pattern
        case _:
            return api.network.ips(description=name, project_id=project)
