"""Signing in: from an entry of `clouds.yaml` to a token and the endpoints to use it with."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1 import exceptions
from keystoneauth1.access import AccessInfo
from keystoneauth1.exceptions import connection
from keystoneauth1.identity import BaseIdentityPlugin

from rallycross.cloud import federated
from rallycross.cloud.catalog import endpoints
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import ApiError, SignInFailed, plain
from rallycross.cloud.retrying import Patience
from rallycross.cloud.session import signing_in
from rallycross.cloud.versions import refused_versions, requested_microversion
from rallycross.settings import settings

_NO_TLS = ("WRONG_VERSION_NUMBER", "record layer", "wrong version number")  # in messages of OpenSSL
_TLS = ("HTTPS port", "to an HTTPS", "BadStatusLine")  # in answers of servers that expect TLS
_USERINFO = re.compile(r"://[^/\s@]+@")


@dataclass(frozen=True)
class Access:
    """A signed-in user."""

    token: str = field(repr=False)
    user: str  # id
    project: str | None  # id
    endpoints: dict[str, str]  # official service type -> URL with its version, without a trailing slash
    microversions: dict[str, str] = field(default_factory=dict)  # official service type -> microversion to request
    issued: datetime | None = None  # by the cloud's clock
    expires: datetime | None = None


class SignIn:
    """Signs in one user, in the way that the entry says: password, application credential ... Blocks; thread-safe.

    A refused password is not sent again, since clouds lock accounts.
    """

    def __init__(self, cloud: Cloud, service_types: frozenset[str] = frozenset()) -> None:
        """Read the entry of a cloud. Of several types of one service in the catalog, `service_types` are preferred."""
        self._region = cloud.region(api_timeout=min(settings().sign_in_limit, settings().request_limit))
        plugin = self._region.get_auth()
        if not isinstance(plugin, BaseIdentityPlugin):
            raise SignInFailed(
                f"cloud {cloud.name}: its auth_type {self._region.config.get('auth_type')} does not use keystone, so"
                " there is no token and no catalog - sign in by password, application credential or token"
            )
        if wrong := refused_versions(self._region):
            raise SignInFailed(f"cloud {cloud.name}: {wrong}")
        self._session: Any = self._region.get_session()
        self._identity = plugin
        self._cloud = cloud
        self._service_types = service_types
        self._seen: tuple[list[dict[str, Any]], str | None, dict[str, str]] | None = None

    def __call__(self, *, patience: float = 0.0) -> Access:
        """Request a new token; retry temporary failures for `patience` seconds."""
        self._session.patience = Patience(patience)
        try:
            with signing_in():
                found = self._identity.get_auth_ref(self._session)
        except Exception as error:
            raise SignInFailed(f"cloud {self._cloud.name}: {refusal(self._cloud.config, error)}") from error
        if found is None or found.auth_token is None or found.user_id is None:
            raise SignInFailed(f"cloud {self._cloud.name}: the answer of its identity service has no token or no user")
        there = self._endpoints(found)
        versions = {kind: requested_microversion(self._region, kind) for kind in there}
        return Access(
            token=found.auth_token,
            user=found.user_id,
            project=found.project_id,
            endpoints=there,
            microversions={kind: version for kind, version in versions.items() if version},
            issued=found.issued,
            expires=found.expires,
        )

    def _endpoints(self, found: AccessInfo) -> dict[str, str]:
        """Return the endpoints of the catalog. The result for an unchanged catalog is cached."""
        catalog = found.service_catalog.catalog if found.has_service_catalog() else []
        if self._seen is None or self._seen[:2] != (catalog, found.project_id):
            there = endpoints(self._cloud.name, self._region, self._session, found, self._service_types)
            self._seen = catalog, found.project_id, there
        return dict(self._seen[2])


def _why(error: Exception) -> str:
    """Return the reason why an answer is invalid, which keystoneauth does not say."""
    answer = getattr(error, "response", None) if isinstance(error, exceptions.InvalidResponse) else None
    try:
        if answer is not None:
            answer.json()["token"]
    except ApiError as reason:
        return str(reason)
    except (ValueError, LookupError, TypeError):
        pass
    return str(error)


def refusal(config: dict[str, Any], error: Exception) -> str:
    """Return why the sign-in failed, and what to do about it."""
    auth = config.get("auth", {})
    url = str(auth.get("auth_url"))
    names = ("username", "application_credential_id", "user_id", "application_credential_name", "client_id")
    who = next((auth[name] for name in names if auth.get(name)), "the owner of the token")
    told = plain(" ".join(_why(error).split()))[:500] or type(error).__name__
    if federated.is_federated(config.get("auth_type")):
        told = federated.said_by_provider(error) or told
        remedy = federated.remedy(auth, error)
        where = federated.refused_at(auth, error)
        said = f"{who} cannot sign in at {where}: {told}{f' - {remedy}' if remedy else _remedy(url, error, told)}"
    else:
        said = f"{who} cannot sign in at {url}: {told}{_remedy(url, error, told)}"
    return _USERINFO.sub("://", said)


def _remedy(url: str, error: Exception, told: str) -> str:
    """Return the remedy for a failed sign-in, after a dash."""
    scheme = urlsplit(url).scheme
    remedies: list[tuple[bool, str]] = [
        (
            scheme == "https" and any(word in told for word in _NO_TLS),
            "the server does not use TLS: write http:// in its auth_url",
        ),
        (
            isinstance(error, connection.SSLError) or "CERTIFICATE_VERIFY_FAILED" in told,
            "write `cacert:` with the certificate of the authority that signed the cloud's, or `verify: false`",
        ),
        (
            scheme == "http" and any(word in told for word in _TLS),
            "the server uses TLS: write https:// in its auth_url",
        ),
        (
            isinstance(error, exceptions.Unauthorized),
            "correct user, password, project and domains in its `auth`; sent only once, since clouds lock accounts",
        ),
        (
            isinstance(error, exceptions.ConnectTimeout),
            "correct its auth_url, or raise `api_timeout`",
        ),
        (
            isinstance(error, exceptions.ConnectFailure),
            "correct host and port in its auth_url: nothing answers there",
        ),
        (
            isinstance(error, exceptions.NotFound | exceptions.DiscoveryFailure),
            f"keystone's API version 3 is not there: correct its auth_url, which should be {v3(url)}",
        ),
    ]
    return next((f" - {remedy}" for fits, remedy in remedies if fits), " - correct its `auth`")


def v3(auth_url: str) -> str:
    """Return keystone's address of version 3 for any of its addresses."""
    root = auth_url.rstrip("/").removesuffix("/auth/tokens").removesuffix("/v3").removesuffix("/v2.0")
    return f"{root}/v3"
