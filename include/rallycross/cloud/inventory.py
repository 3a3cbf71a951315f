"""Requests from a cloud the facts that a task needs."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache

from keystoneauth1.exceptions import ClientException, Forbidden
from openstack.connection import Connection
from openstack.exceptions import SDKException

from rallycross.cloud.access import SignIn
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed
from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.cloud.service import Fact, Service, ServiceQuotas, known_services
from rallycross.settings import settings

_FORBIDDEN = 403


def facts(cloud: Cloud, kinds: Iterable[str], *, own: bool = False) -> CloudFacts:
    """Return a cloud's services, and its resources of some `kinds` that any project may use.

    The kind "administrator" checks whether the signed-in user is one. With `own`, private images of the user's project
    are included.
    """
    wanted, known = set(kinds), _known()
    services = frozenset(SignIn(cloud)(patience=min(settings().api_patience, settings().sign_in_limit)).endpoints)
    try:
        connection = cloud.connect()
        api = Api(connection)
        things = {
            kind: _asked(api, known[kind][1], own=own)
            for kind in sorted(wanted & known.keys())
            if known[kind][0] in services
        }
        administrator = "administrator" not in wanted or _is_administrator(connection)
    except (SDKException, ClientException, ApiError) as error:
        raise SignInFailed(f"cloud {cloud.name}: its services and resources cannot be listed: {error}") from error
    return CloudFacts(
        cloud.name,
        services,
        {**dict.fromkeys(wanted & known.keys(), ()), **things},
        administrator=administrator,
        own_users=bool(cloud.users),
    )


def api_versions(connection: Connection, kinds: Iterable[str]) -> dict[str, str]:
    """Return the newest microversion of each service that has some of the `kinds`, as far as the services tell."""
    known, found = _known(), {}
    types = {known[kind][0] for kind in kinds if kind in known}
    for service in known_services():
        if service.microversion and service.type in types:
            with suppress(SDKException, ClientException, ApiError):
                for one in _microversions(service)(Api(connection)):
                    found[one.name] = ".".join(map(str, one.details["max"]))
    return found


def _asked(api: Api, fact: Fact, *, own: bool) -> tuple[NamedResource, ...]:
    try:
        things = tuple(fact.ask(api))
    except ApiError as error:
        if error.status == _FORBIDDEN and fact.administrator:  # the check that needs an administrator reports it
            return ()
        raise
    return tuple(thing for thing in things if _is_public(thing) or (own and thing.details["owner"] == api.project))


def _is_public(thing: NamedResource) -> bool:
    """Return whether any project may use a resource. Most kinds have no such attribute."""
    return thing.details.get("visibility", "public") in {"public", "community"}


def _is_administrator(connection: Connection) -> bool:
    """Try a request that only an administrator may send. Role names do not tell, since policies differ."""
    try:
        answer = connection.identity.get("/projects", params={"name": "-"})
    except Forbidden:
        return False
    return bool(answer.status_code != 403)


@cache
def _known() -> dict[str, tuple[str, Fact]]:
    """Return (type of the service, fact) for each kind."""
    return {name: (service.type, fact) for service in known_services() for name, fact in _facts_of(service)}


def _facts_of(service: Service) -> Iterator[tuple[str, Fact]]:
    yield from service.facts.items()
    if service.quotas:
        yield service.quota_fact, Fact(_quotas(service, service.quotas))
    if service.microversion:
        yield service.microversion_fact, Fact(_microversions(service))


def _microversions(service: Service) -> Callable[[Api], Iterator[NamedResource]]:
    """Return a function that reads a service's microversions from its version document."""

    def ask(api: Api) -> Iterator[NamedResource]:
        found = getattr(api.connection, service.type.replace("-", "_")).get_endpoint_data()
        if found and found.min_microversion and found.max_microversion:
            yield NamedResource(
                service.name, service.name, {"min": found.min_microversion, "max": found.max_microversion}
            )

    return ask


def _quotas(service: Service, quotas: ServiceQuotas) -> Callable[[Api], Iterator[NamedResource]]:
    """Return a function that requests a service's quotas and their defaults."""

    def ask(api: Api) -> Iterator[NamedResource]:
        defaults = api.get(service.type, f"{quotas.path(api.project)}/{quotas.defaults}")
        for name, limit in defaults[quotas.key].items():
            yield NamedResource(f"{service.name}.{name}", name, {"limit": limit})

    return ask
