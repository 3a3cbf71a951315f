"""Asks a cloud what it has, for what a task names."""

from collections.abc import Callable, Iterable, Iterator
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
    """Return a cloud's services, and those of its things of the `kinds` asked for that any project may use.

    "administrator" among the kinds asks whether whoever signs in may act as one. With `own` the images of the project
    signed in to are among them, which none but itself may use.
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
        raise SignInFailed(f"cloud {cloud.name}: cannot be asked what it has: {error}") from error
    return CloudFacts(
        cloud.name,
        services,
        {**dict.fromkeys(wanted & known.keys(), ()), **things},
        administrator=administrator,
        own_users=bool(cloud.users),
    )


def _asked(api: Api, fact: Fact, *, own: bool) -> tuple[NamedResource, ...]:
    try:
        things = tuple(fact.ask(api))
    except ApiError as error:
        if error.status == _FORBIDDEN and fact.administrator:  # that one is needed is told by what needs it
            return ()
        raise
    return tuple(thing for thing in things if _is_public(thing) or (own and thing.details["owner"] == api.project))


def _is_public(thing: NamedResource) -> bool:
    """Say whether any project may use a thing; of most kinds nothing is said of that."""
    return thing.details.get("visibility", "public") in {"public", "community"}


def _is_administrator(connection: Connection) -> bool:
    """Ask for what only an administrator is told: role names say nothing, since a cloud's policy may have its own."""
    try:
        answer = connection.identity.get("/projects", params={"name": "-"})
    except Forbidden:
        return False
    return bool(answer.status_code != 403)


@cache
def _known() -> dict[str, tuple[str, Fact]]:
    """Return the kinds of things that a cloud can be asked for: the type of the service that has them, and how."""
    return {name: (service.type, fact) for service in known_services() for name, fact in _facts_of(service)}


def _facts_of(service: Service) -> Iterator[tuple[str, Fact]]:
    yield from service.facts.items()
    if service.quotas:
        yield service.quota_fact, Fact(_quotas(service, service.quotas))
    if service.microversion:
        yield service.microversion_fact, Fact(_microversions(service))


def _microversions(service: Service) -> Callable[[Api], Iterator[NamedResource]]:
    """Return how to ask a service's version document for the microversions that it has."""

    def ask(api: Api) -> Iterator[NamedResource]:
        found = getattr(api.connection, service.type.replace("-", "_")).get_endpoint_data()
        if found and found.min_microversion and found.max_microversion:
            yield NamedResource(
                service.name, service.name, {"min": found.min_microversion, "max": found.max_microversion}
            )

    return ask


def _quotas(service: Service, quotas: ServiceQuotas) -> Callable[[Api], Iterator[NamedResource]]:
    """Return how to ask a service for the quotas that it knows, and their defaults."""

    def ask(api: Api) -> Iterator[NamedResource]:
        defaults = api.get(service.type, f"{quotas.path(api.project)}/{quotas.defaults}")
        for name, limit in defaults[quotas.key].items():
            yield NamedResource(f"{service.name}.{name}", name, {"limit": limit})

    return ask
