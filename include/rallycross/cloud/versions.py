"""The API versions and service types that a load requests, by Rally's client names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rallycross.cloud.service import SERVICES, known_services, of_type

if TYPE_CHECKING:  # see `resource`
    from openstack.config.cloud_region import CloudRegion

    from rallycross.cloud.cloud import Cloud


def with_microversions(cloud: "Cloud", wanted: Mapping[str, Mapping[str, str]]) -> "Cloud":
    """Return the cloud with an entry that requests the microversions in `wanted`: {client: {"version": ...}}.

    Unknown clients are ignored.
    """
    more: dict[str, Any] = {}
    for client in wanted.keys() & SERVICES.all.keys():
        version, service = wanted[client].get("version", ""), SERVICES[client]
        if service.microversion and is_microversion(version):
            more[f"{service.type.replace('-', '_')}_default_microversion"] = version
    return replace(cloud, config={**cloud.config, **more}) if more else cloud


def service_types(wanted: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """Return the service types to prefer to others of the same service."""
    return frozenset(asked["service_type"] for asked in wanted.values() if "service_type" in asked)


def requested_microversion(region: "CloudRegion", kind: str) -> str | None:
    """Return the microversion that an entry requests for a service, by its default_microversion or api_version."""
    if asked := region.get_default_microversion(kind):
        return str(asked)
    version = str(region.get_api_version(kind) or "")
    return version if of_type(kind).microversion and is_microversion(version) else None


def is_microversion(version: str) -> bool:
    """Return whether a version has a minor part: 2.87 has, 2 and 2.0 do not. Few services have microversions."""
    return bool(version.partition(".")[2].strip("0"))


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version that can be compared: (2, 87) for "2.87"."""
    return tuple(int(part) for part in version.split("."))


def refused_versions(region: "CloudRegion") -> str:
    """Return a setting of an entry that is not supported, such as `volume_api_version: 2`, with a remedy."""
    for service in known_services():
        version = region.get_api_version(service.type)
        if service.major and version and float(version) // 1 != service.major:
            key = f"{service.type.replace('-', '_')}_api_version"
            return f"its {key} is {version}, and only version {service.major} is supported - remove it"
    return ""
