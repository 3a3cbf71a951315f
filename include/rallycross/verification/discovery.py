"""Discovers the facts about a cloud that a verifier is configured from."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openstack
from keystoneauth1.discover import EndpointData
from keystoneauth1.exceptions import ClientException
from openstack.config.cloud_region import CloudRegion
from openstack.exceptions import SDKException

from rallycross.cloud.access import v3
from rallycross.cloud.catalog import chosen, interfaces
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError
from rallycross.cloud.service import known_services
from rallycross.errors import RallycrossError
from rallycross.verification.facts import Backend, Endpoint, Facts, Flavor, Image, Keystone, Network

AT_ONCE = 4  # requests at the same time


def discover(cloud: Cloud, connection: openstack.connection.Connection) -> Facts:
    """Return the facts about a cloud. Raises `RallycrossError` if sign-in fails or a request is refused."""
    found = keystone(connection)
    try:
        plugin: Any = connection.session.auth  # a keystone plugin: a verification needs keystone
        access = plugin.get_access(connection.session)
        there = chosen(cloud.name, connection.config, access)
    except (ClientException, SDKException, ApiError) as error:
        raise RallycrossError(
            f"cloud {cloud.name!r}: cannot sign in at {found.auth_url} ({error}) - check its entry and its keystone"
        ) from error
    services = frozenset(there.keys() & tested())
    endpoints = {kind: _endpoint(kind, one, connection.config) for kind, one in there.items()}
    # A proxy finds its endpoint on first access, which is not thread-safe.
    proxies: dict[str, Any] = {
        name: getattr(connection, name.replace("-", "_")) for name in ("identity", *services & QUERIES.keys())
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = {
            fact: pool.submit(query, proxy) for name, proxy in proxies.items() for fact, query in QUERIES[name].items()
        }
        try:
            return Facts(
                keystone=found,
                services=services,
                endpoints=endpoints,
                **{fact: answer.result() for fact, answer in answers.items()},
            )
        except (ClientException, SDKException, ApiError) as error:
            raise RallycrossError(
                f"cloud {cloud.name!r}: cannot be discovered ({error}) - a verification needs an administrator, "
                "and all services of the catalog must answer"
            ) from error


def tested() -> set[str]:
    """Return the types of the services that have an option in tempest's `service_available`."""
    return {service.type for service in known_services() if service.tempest and service.tempest.option}


def _endpoint(kind: str, found: EndpointData, region: CloudRegion) -> Endpoint:
    own = region.get_region_name(kind) or ""
    return Endpoint(
        str(found.service_type),
        str(found.interface).removesuffix("URL"),
        own if own != (region.get_region_name() or "") else "",
    )


def keystone(connection: openstack.connection.Connection) -> Keystone:
    """Return how the connection reaches keystone."""
    verify, _ = connection.config.get_requests_verify_args()
    return Keystone(
        auth_url=v3(connection.config.config["auth"]["auth_url"]),
        region=connection.config.get_region_name() or "",
        interface=interfaces(connection.config, "identity")[0],
        ca_file=verify if isinstance(verify, str) else "",
        verify=verify is not False,
    )


def _compute_hosts(compute: Any) -> int:
    services = compute.services(binary="nova-compute")
    return sum(1 for service in services if service.state == "up" and service.status == "enabled")


def _hypervisor_types(compute: Any) -> frozenset[str]:
    return frozenset(hypervisor.hypervisor_type for hypervisor in compute.hypervisors(details=True))


def _flavors(compute: Any) -> tuple[Flavor, ...]:
    return tuple(
        Flavor(flavor.id, flavor.name, flavor.ram, flavor.disk, flavor.vcpus)
        for flavor in compute.flavors(details=True, get_extra_specs=False)
        if flavor.is_public
    )


def _images(image: Any) -> tuple[Image, ...]:
    return tuple(
        Image(found.id, found.name or "", found.size or 0, found.disk_format or "")
        for found in image.images(status="active", visibility="public")
    )


def _external_networks(network: Any) -> tuple[Network, ...]:
    return tuple(Network(found.id, found.name) for found in network.networks(is_router_external=True, status="ACTIVE"))


def _extensions(network: Any) -> tuple[str, ...]:
    return tuple(sorted(extension.alias for extension in network.extensions()))


def _backends(volume: Any) -> tuple[Backend, ...]:
    found = {}
    for pool in volume.backend_pools():
        capabilities = pool.capabilities or {}
        name = capabilities.get("volume_backend_name") or pool.name.partition("@")[2].partition("#")[0]
        found[name] = Backend(name, capabilities.get("vendor_name", ""), capabilities.get("storage_protocol", ""))
    return tuple(found.values())


def _volume_services(volume: Any) -> frozenset[str]:
    return frozenset(service.binary for service in volume.services() if service.state == "up")


def _microversions(proxy: Any) -> tuple[str, str] | None:
    """Return the oldest and newest microversion of a service, at its endpoint in the catalog."""
    data = proxy.get_endpoint_data()
    if data is None or not data.max_microversion:
        return None
    return ".".join(map(str, data.min_microversion)), ".".join(map(str, data.max_microversion))


def _roles(identity: Any) -> frozenset[str]:
    return frozenset(role.name for role in identity.roles())


# service -> field of `Facts` -> function that asks for it
QUERIES: dict[str, dict[str, Callable[[Any], Any]]] = {
    "identity": {"roles": _roles},
    "compute": {
        "compute_hosts": _compute_hosts,
        "hypervisor_types": _hypervisor_types,
        "flavors": _flavors,
        "compute_microversions": _microversions,
    },
    "image": {"images": _images},
    "network": {"external_networks": _external_networks, "network_extensions": _extensions},
    "block-storage": {
        "volume_backends": _backends,
        "volume_services": _volume_services,
        "volume_microversions": _microversions,
    },
}
