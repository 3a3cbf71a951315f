"""Asks a cloud what it has, for what a task names."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from keystoneauth1.exceptions import ClientException, Forbidden
from openstack.connection import Connection
from openstack.exceptions import ForbiddenException, SDKException

from rallycross.cloud.access import SIGN_IN_LIMIT, SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed
from rallycross.cloud.facts import CloudFacts, Named
from rallycross.settings import settings


def facts(cloud: Cloud, kinds: Iterable[str], *, own: bool = False) -> CloudFacts:
    """Return a cloud's services, and those of its things of the `kinds` asked for that any project may use.

    "administrator" among the kinds asks whether whoever signs in may act as one. With `own` the images of the project
    signed in to are among them, which none but itself may use.
    """
    wanted = set(kinds)
    services = frozenset(SignIn(cloud)(patience=min(settings().api_patience, SIGN_IN_LIMIT)).endpoints)
    try:
        connection = cloud.connect()
        things = {
            kind: _asked(connection, kind, own=own)
            for kind in sorted(wanted & KINDS.keys())
            if KINDS[kind][0] in services
        }
        administrator = "administrator" not in wanted or _is_administrator(connection)
    except (SDKException, ClientException, ApiError) as error:
        raise SignInFailed(f"cloud {cloud.name}: cannot be asked what it has: {error}") from error
    return CloudFacts(
        cloud.name,
        services,
        {**dict.fromkeys(wanted & KINDS.keys(), ()), **things},
        administrator=administrator,
        own_users=bool(cloud.users),
    )


def _asked(connection: Connection, kind: str, *, own: bool) -> tuple[Named, ...]:
    if kind == "image":
        return tuple(_images(connection, own=own))
    try:
        return tuple(KINDS[kind][1](connection))
    except ForbiddenException:
        if kind in _ADMINISTRATORS:  # that one is needed is told by what needs it
            return ()
        raise


def _is_administrator(connection: Connection) -> bool:
    """Ask for what only an administrator is told: role names say nothing, since a cloud's policy may have its own."""
    try:
        answer = connection.identity.get("/projects", params={"name": "-"})
    except Forbidden:
        return False
    return bool(answer.status_code != 403)


def _images(connection: Connection, *, own: bool = False) -> Iterator[Named]:
    for image in connection.image.images():
        ours = own and image.owner_id == connection.current_project_id
        if ours or image.visibility in {"public", "community"}:
            details = {
                "min_ram": image.min_ram or 0,
                "min_disk": image.min_disk or 0,
                "size": image.size or 0,
                "status": image.status,
                "visibility": image.visibility,
                "owner": image.owner_id,
            }
            yield Named(image.id, image.name or "", details)


def _flavors(connection: Connection) -> Iterator[Named]:
    for flavor in connection.compute.flavors():
        yield Named(
            flavor.id, flavor.name or "", {"ram": flavor.ram, "disk": flavor.disk, "disabled": bool(flavor.is_disabled)}
        )


def _networks(connection: Connection) -> Iterator[Named]:
    for network in connection.network.networks():
        yield Named(network.id, network.name or "")


def _external_networks(connection: Connection) -> Iterator[Named]:
    for network in connection.network.networks(is_router_external=True):
        if network.is_router_external:
            yield Named(network.id, network.name or "")


def _extensions(connection: Connection) -> Iterator[Named]:
    for extension in connection.network.extensions():
        yield Named(extension.alias, extension.alias)


def _volume_types(connection: Connection) -> Iterator[Named]:
    # Without a filter an administrator is told of public ones only, and could not be told that one is not public.
    for volume_type in connection.block_storage.types(is_public=None):
        yield Named(volume_type.id, volume_type.name or "", {"public": volume_type.is_public is not False})


def _roles(connection: Connection) -> Iterator[Named]:
    for role in connection.identity.roles():
        yield Named(role.id, role.name or "")


def _domains(connection: Connection) -> Iterator[Named]:
    identity: Any = connection.identity  # of v3
    for domain in identity.domains():
        yield Named(domain.id, domain.name or "")


def _service_types(connection: Connection) -> Iterator[Named]:
    auth: Any = connection.session.auth
    access = auth.get_access(connection.session)
    for service in access.service_catalog.catalog:
        yield Named(service["type"], service["type"])


def _microversions(type_: str, client: str) -> Callable[[Connection], Iterator[Named]]:
    """Return how to ask a service's version document for the microversions that it has."""

    def ask(connection: Connection) -> Iterator[Named]:
        found = getattr(connection, type_).get_endpoint_data()
        if found and found.min_microversion and found.max_microversion:
            yield Named(client, client, {"min": found.min_microversion, "max": found.max_microversion})

    return ask


def _service_names(connection: Connection) -> Iterator[Named]:
    identity: Any = connection.identity  # of v3
    for service in identity.services():
        yield Named(service.id, service.name or "")


def _cinder_services(connection: Connection) -> Iterator[Named]:
    for service in connection.block_storage.services():
        if service.state == "up":
            yield Named(service.binary, service.binary)


def _quotas(type_: str, url: str, key: str, client: str) -> Callable[[Connection], Iterator[Named]]:
    """Return how to ask a service for the quotas that it knows, and their defaults."""

    def ask(connection: Connection) -> Iterator[Named]:
        answer = getattr(connection, type_).get(url.format(project=connection.current_project_id))
        for name, limit in answer.json()[key].items():
            yield Named(f"{client}.{name}", name, {"limit": limit})

    return ask


def _watcher(collection: str) -> Callable[[Connection], Iterator[Named]]:
    def ask(connection: Connection) -> Iterator[Named]:
        client = connection.config.get_session_client("resource-optimization")
        found: list[dict[str, Any]] = client.get(f"/v1/{collection}").json()[collection]
        return (Named(one["uuid"], one["name"]) for one in found)

    return ask


# What only an administrator is told of.
_ADMINISTRATORS = frozenset({"role", "domain", "service_name"})

# Kind of a thing -> the type of the service that has it, and how to ask for all of them.
KINDS: dict[str, tuple[str, Callable[[Connection], Iterator[Named]]]] = {
    "image": ("image", _images),
    "flavor": ("compute", _flavors),
    "network": ("network", _networks),
    "external_network": ("network", _external_networks),
    "extension": ("network", _extensions),
    "volume_type": ("block-storage", _volume_types),
    "cinder_service": ("block-storage", _cinder_services),
    "nova_quota": ("compute", _quotas("compute", "/os-quota-sets/{project}/defaults", "quota_set", "nova")),
    "cinder_quota": (
        "block-storage",
        _quotas("block_storage", "/os-quota-sets/{project}/defaults", "quota_set", "cinder"),
    ),
    "neutron_quota": ("network", _quotas("network", "/quotas/{project}/default", "quota", "neutron")),
    "role": ("identity", _roles),
    "domain": ("identity", _domains),
    "service_type": ("identity", _service_types),
    "service_name": ("identity", _service_names),
    "nova_microversion": ("compute", _microversions("compute", "nova")),
    "cinder_microversion": ("block-storage", _microversions("block_storage", "cinder")),
    "strategy": ("resource-optimization", _watcher("strategies")),
    "goal": ("resource-optimization", _watcher("goals")),
}
