"""Asks a cloud what it has, for what a task names."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from rallycross.cloud.access import SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import SignInFailed
from rallycross.cloud.facts import CloudFacts, Named


def facts(cloud: Cloud, kinds: Iterable[str]) -> CloudFacts:
    """Return a cloud's services, and those of its things of the `kinds` asked for that any project may use."""
    services = frozenset(SignIn(cloud)().endpoints)
    try:
        connection = cloud.connect()
        things = {kind: tuple(_LISTS[kind](connection)) for kind in sorted(kinds) if _SERVICES[kind] in services}
    except (SDKException, ClientException) as error:
        raise SignInFailed(f"cloud {cloud.name}: cannot be asked what it has: {error}") from error
    return CloudFacts(cloud.name, services, {**dict.fromkeys(kinds, ()), **things})


def _images(connection: Connection) -> Iterator[Any]:
    return (image for image in connection.image.images() if image.visibility in {"public", "community"})


def _flavors(connection: Connection) -> Iterator[Any]:
    return connection.compute.flavors(details=False)


def _networks(connection: Connection) -> Iterator[Any]:
    return connection.network.networks()


def _named(things: Callable[[Connection], Iterator[Any]]) -> Callable[[Connection], Iterator[Named]]:
    return lambda connection: (Named(thing.id, thing.name or "") for thing in things(connection))


_LISTS = {"image": _named(_images), "flavor": _named(_flavors), "network": _named(_networks)}
_SERVICES = {"image": "image", "flavor": "compute", "network": "network"}
