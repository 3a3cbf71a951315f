"""Signing in: from an entry of `clouds.yaml` to a token and the endpoints that it is good for."""

import re
from dataclasses import dataclass, field
from typing import Any

import os_service_types
from keystoneauth1.exceptions import ClientException, InvalidResponse
from keystoneauth1.identity import BaseIdentityPlugin
from openstack.exceptions import ConfigException

from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed
from rallycross.cloud.retrying import Patience
from rallycross.settings import settings

SIGN_IN_LIMIT = 60  # seconds until the identity service must have answered, unless the cloud's entry says otherwise

_SERVICE_TYPES = os_service_types.ServiceTypes()

# What a service's paths begin with, where its endpoint in the catalog names no version.
_VERSIONS = {
    "block-storage": "v3",
    "compute": "v2.1",
    "identity": "v3",
    "image": "v2",
    "network": "v2.0",
}


@dataclass(frozen=True)
class Access:
    """A user who is signed in."""

    token: str = field(repr=False)
    user: str  # id
    project: str | None  # id
    endpoints: dict[str, str]  # official service type -> URL with its version, without a slash at the end
    microversions: dict[str, str] = field(default_factory=dict)  # official service type -> the one to ask for


class SignIn:
    """Signs one user in, by whatever way the entry says: password, application credential ... Blocks; thread-safe."""

    def __init__(self, cloud: Cloud, service_types: frozenset[str] = frozenset()) -> None:
        """Take an entry; the catalog's `service_types` go before others that mean the same."""
        try:
            region = cloud.region(api_timeout=min(SIGN_IN_LIMIT, settings().request_limit))
            self._session: Any = region.get_session()
            plugin = region.get_auth()
        except (ConfigException, ClientException) as error:
            raise SignInFailed(f"cloud {cloud.name}: its entry cannot be used ({error}) - mend its `auth`") from error
        if not isinstance(plugin, BaseIdentityPlugin):
            raise SignInFailed(
                f"cloud {cloud.name}: its `auth_type` is none of keystone's - give it one, or leave it out"
            )
        self._identity = plugin
        self._cloud = cloud
        self._interface = str(region.get_interface() or "public").removesuffix("URL")
        self._region = region.get_region_name() or None
        self._service_types = service_types
        self._microversion = region.get_default_microversion

    def __call__(self, *, patience: float = 0.0) -> Access:
        """Ask the identity service for a new token, for so many seconds again and again where it fails in passing."""
        self._session.patience = Patience(patience)
        try:
            found = self._identity.get_auth_ref(self._session)
        except (ClientException, ApiError) as error:
            auth = self._cloud.config.get("auth", {})
            who = auth.get("username") or auth.get("application_credential_id") or auth.get("user_id")
            where = auth.get("auth_url")
            why = _why(error)
            raise SignInFailed(f"cloud {self._cloud.name}: {who} cannot sign in at {where}: {why}") from error
        if found is None or found.auth_token is None or found.user_id is None:
            raise SignInFailed(f"cloud {self._cloud.name}: its identity service has answered without a token or a user")
        catalog = found.service_catalog.catalog
        there = endpoints(catalog, self._interface, self._region, self._service_types)
        versions = {kind: self._microversion(kind) for kind in there}
        return Access(
            token=found.auth_token,
            user=found.user_id,
            project=found.project_id,
            endpoints=there,
            microversions={kind: version for kind, version in versions.items() if version},
        )


def _why(error: Exception) -> str:
    """Return what is wrong with an answer that keystoneauth only calls invalid."""
    answer = getattr(error, "response", None) if isinstance(error, InvalidResponse) else None
    if answer is None:
        return str(error)
    try:
        answer.json()["token"]
    except ApiError as reason:
        return str(reason)
    return str(error)


def endpoints(
    catalog: list[dict[str, Any]], interface: str, region: str | None, before: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Return the URL of each service of a catalog by its official type, for one interface and one region (or any).

    Of several that are of one official type the first is taken, those whose types are in `before` first.
    """
    found: dict[str, str] = {}
    for service in sorted(catalog, key=lambda service: service["type"] not in before):
        kind = _SERVICE_TYPES.get_service_type(service["type"]) or service["type"]
        for endpoint in service["endpoints"]:
            here = region is None or region in {endpoint.get("region_id"), endpoint.get("region")}
            if endpoint["interface"] == interface and here:
                found.setdefault(kind, versioned(kind, endpoint["url"]))
    return found


def versioned(kind: str, url: str) -> str:
    """Return a service's URL with its version, taking the usual one where the catalog names none."""
    url = url.rstrip("/")
    if kind not in _VERSIONS or re.search(r"/v\d+(\.\d+)?(/|$)", url):
        return url
    return f"{url}/{_VERSIONS[kind]}"
