"""Which versions and types of services a load asks for, by the client that Rally would ask with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rallycross.cloud.service import SERVICES, known_services, of_type

if TYPE_CHECKING:  # see `resource`
    from openstack.config.cloud_region import CloudRegion

    from rallycross.cloud.cloud import Cloud


def with_microversions(cloud: "Cloud", wanted: Mapping[str, Mapping[str, str]]) -> "Cloud":
    """Return the cloud, signed in to which one asks for the microversions that are `wanted`: by client, `version`.

    Clients that are not known here have no say.
    """
    more: dict[str, Any] = {}
    for client in wanted.keys() & SERVICES.all.keys():
        version, service = wanted[client].get("version", ""), SERVICES[client]
        if service.microversion and is_microversion(version):
            more[f"{service.type.replace('-', '_')}_default_microversion"] = version
    return replace(cloud, config={**cloud.config, **more}) if more else cloud


def service_types(wanted: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """Return which types, of those that a catalog has, go before others that mean the same service."""
    return frozenset(asked["service_type"] for asked in wanted.values() if "service_type" in asked)


def requested_microversion(region: "CloudRegion", kind: str) -> str | None:
    """Return the microversion that an entry asks of a service, by its default_microversion or api_version."""
    if asked := region.get_default_microversion(kind):
        return str(asked)
    version = str(region.get_api_version(kind) or "")
    return version if of_type(kind).microversion and is_microversion(version) else None


def is_microversion(version: str) -> bool:
    """Say whether a version is more than a major one: 2.87 is, 2 and 2.0 are not. Of few services it means anything."""
    return bool(version.partition(".")[2].strip("0"))


def refused_versions(region: "CloudRegion") -> str:
    """Return what an entry asks for that is not spoken, such as `volume_api_version: 2`, and what to do."""
    for service in known_services():
        version = region.get_api_version(service.type)
        if service.major and version and float(version) // 1 != service.major:
            key = f"{service.type.replace('-', '_')}_api_version"
            return f"its {key} is {version}, and only version {service.major} is spoken - take it out"
    return ""
