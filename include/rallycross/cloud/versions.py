"""Which versions and types of services a load asks for, by the client that Rally would ask with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # who reads a cloud spec needs the table below alone: openstacksdk takes a second to import
    from openstack.config.cloud_region import CloudRegion

    from rallycross.cloud.cloud import Cloud

# Rally's names of clients: the service's official type, and the one version of its API that is spoken.
SPOKEN = {
    "nova": ("compute", 2),
    "cinder": ("block-storage", 3),
    "glance": ("image", 2),
    "keystone": ("identity", 3),
    "neutron": ("network", 2),
}
MICROVERSIONS = frozenset({"nova", "cinder"})  # of these 2.87 is a microversion; of others the rest means nothing


def asking(cloud: "Cloud", wanted: Mapping[str, Mapping[str, str]]) -> "Cloud":
    """Return the cloud, signed in to which one asks for the microversions that are `wanted`: by client, `version`.

    Clients that are not known here have no say.
    """
    more: dict[str, Any] = {}
    for client in MICROVERSIONS & wanted.keys():
        version = wanted[client].get("version", "")
        if version.partition(".")[2].strip("0"):
            more[f"{SPOKEN[client][0].replace('-', '_')}_default_microversion"] = version
    return replace(cloud, config={**cloud.config, **more}) if more else cloud


def service_types(wanted: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """Return which types, of those that a catalog has, go before others that mean the same service."""
    return frozenset(asked["service_type"] for asked in wanted.values() if "service_type" in asked)


def said_microversion(region: "CloudRegion", kind: str) -> str | None:
    """Return the microversion that an entry asks of a service, by its default_microversion or api_version."""
    if asked := region.get_default_microversion(kind):
        return str(asked)
    version = str(region.get_api_version(kind) or "")
    has_them = kind in {SPOKEN[client][0] for client in MICROVERSIONS}
    return version if has_them and version.partition(".")[2].strip("0") else None


def refused_versions(region: "CloudRegion") -> str:
    """Return what an entry asks for that is not spoken, such as `volume_api_version: 2`, and what to do."""
    for kind, spoken in SPOKEN.values():
        version = region.get_api_version(kind)
        if version and float(version) // 1 != spoken:
            key = f"{kind.replace('-', '_')}_api_version"
            return f"its {key} is {version}, and only version {spoken} is spoken - take it out"
    return ""
