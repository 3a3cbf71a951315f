"""The service catalog, as keystoneauth reads it: the URL to use for each service.

os-service-types knows the old names of a type (`volumev3`). Settings of an entry for one service (`compute_interface`,
`volume_endpoint_override`, ...) take precedence over those for all services.
"""

import re
from typing import Any

import os_service_types
from keystoneauth1.access import AccessInfo
from keystoneauth1.discover import EndpointData
from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session
from openstack.config.cloud_region import CloudRegion

from rallycross.cloud.errors import SignInFailed
from rallycross.cloud.service import of_type

_SERVICE_TYPES = os_service_types.ServiceTypes()
_VERSION = re.compile(r"/v(\d+)(?:\.\d+)?(?=/|$)")
_OVERRIDE = "_endpoint_override"


def official(service_type: str) -> str:
    """Return the official name of a service type: "block-storage" for "volumev3"; an unknown type is unchanged."""
    return str(_SERVICE_TYPES.get_service_type(service_type) or service_type)


def endpoints(
    name: str, region: CloudRegion, session: Session, access: AccessInfo, before: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Return the URL of each service by its official type, with its version and without a trailing slash.

    If several types mean one service, the one in `before` is used, or else the one that keystoneauth would use. Raise
    `SignInFailed`, with a remedy, if the catalog has no endpoint for the entry's interface and region.
    """
    overridden = {
        official(key.removesuffix(_OVERRIDE).replace("_", "-")) for key in region.config if key.endswith(_OVERRIDE)
    }
    found = {kind: _versioned(kind, str(region.get_endpoint(kind))) for kind in overridden}
    for kind, endpoint in chosen(name, region, access, before).items():
        if kind not in found:
            found[kind] = _spoken(kind, endpoint, session, access.project_id)
    if not found:
        raise SignInFailed(f"cloud {name}: {_nothing(region, access)}")
    return dict(sorted(found.items()))


def chosen(
    name: str, region: CloudRegion, access: AccessInfo, before: frozenset[str] = frozenset()
) -> dict[str, EndpointData]:
    """Return the endpoint of each service as it is in the catalog, by the service's official type.

    Raise `SignInFailed` if the catalog cannot be read, or if a service is in several regions and none is chosen.
    """
    try:
        return _chosen(name, region, access, before)
    except (
        AttributeError,
        LookupError,
        TypeError,
    ) as error:  # raised by keystoneauth, which does not check the catalog
        raise SignInFailed(
            f"cloud {name}: its catalog cannot be read ({type(error).__name__}: {error}) - check the services'"
            " endpoints in its keystone, and any proxy in front of it"
        ) from error


def _chosen(name: str, region: CloudRegion, access: AccessInfo, before: frozenset[str]) -> dict[str, EndpointData]:
    found = {}
    for kind in sorted({official(str(one.service_type)) for one in _all(access)}):
        wanted = next((one for one in sorted(before) if official(one) == kind), None) or region.get_service_type(kind)
        there = access.service_catalog.get_endpoint_data_list(
            service_type=wanted,
            interface=interfaces(region, kind),
            region_name=region.get_region_name(kind) or None,
            service_name=region.get_service_name(kind),
        )
        _check_region(name, kind, there)
        if there:
            found[kind] = there[0]
    return found


def _all(access: AccessInfo) -> list[EndpointData]:
    if not access.has_service_catalog():
        return []
    return [one for found in access.service_catalog.get_endpoints_data().values() for one in found]


def interfaces(region: CloudRegion, kind: str) -> list[str]:
    """Return the interfaces to use for a service, preferred ones first: public, ..."""
    given = region.get_interface(kind) or "public"
    return [str(one).removesuffix("URL") for one in (given if isinstance(given, list) else [given])]


def _check_region(name: str, kind: str, there: list[EndpointData]) -> None:
    regions = sorted({str(one.region_name) for one in there if one.region_name})
    if len(regions) > 1:
        raise SignInFailed(
            f"cloud {name}: its catalog has {kind} in several regions, and its entry does not name one"
            f" - write `region_name:` with one of {', '.join(regions)}"
        )


def _nothing(region: CloudRegion, access: AccessInfo) -> str:
    """Return why there is no endpoint, and the remedy."""
    everything = _all(access)
    if not everything:
        scoped = access.project_id or access.domain_id or getattr(access, "system_scoped", False)
        if not scoped:
            return "its token is not for a project, so there is no catalog - write `project_name` below its `auth`"
        return "its catalog is empty - have its administrator register the services' endpoints in keystone"
    wanted, regions = region.get_region_name(), sorted({str(one.region_name) for one in everything if one.region_name})
    if wanted and wanted not in regions:
        return f"its catalog has no region {wanted!r} - write `region_name:` with one of {', '.join(regions) or 'none'}"
    there = sorted({str(one.interface) for one in everything})
    given = " or ".join(interfaces(region, "identity"))
    return f"its catalog has no {given} endpoints - write `interface:` with one of {', '.join(there)}"


def _spoken(kind: str, endpoint: EndpointData, session: Session, project: str | None) -> str:
    """Return an endpoint's URL in the API version that we use.

    If the catalog has another version, the version documents are requested, as keystoneauth's adapters do.
    """
    url = _versioned(kind, str(endpoint.url))
    named, major = _VERSION.search(url), of_type(kind).major
    if not major or named is None or named[1] == str(major):
        return url
    lowest, highest = f"{major}.0", f"{major}.latest"
    try:
        data: Any = endpoint.get_versioned_data(session, project_id=project, min_version=lowest, max_version=highest)
    except ClientException:
        return url  # its first use fails with a clear error
    return str(data.url).rstrip("/") if data and data.url else url


def _versioned(kind: str, url: str) -> str:
    """Return a service's URL with its version: the usual version if the catalog has none."""
    url, version = url.rstrip("/"), of_type(kind).version
    return url if not version or _VERSION.search(url) else f"{url}/{version}"
