"""Signing in by an identity provider (`v3oidc...`): where it has broken off, and what of the entry to mend.

keystoneauth asks the provider for an access token, and keystone for a token of its own; each can be elsewhere.
"""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions

from rallycross.cloud.errors import ApiError, without_secrets

_OF_PROVIDER = ("discovery_endpoint", "access_token_endpoint")
_AT_KEYSTONE = "/OS-FEDERATION/"
# What keystoneauth raises of a document that is no object, or lacks something.
_STRANGE_DISCOVERY = (
    exceptions.InvalidOidcDiscoveryDocument,
    exceptions.OidcAccessTokenEndpointNotFound,
    AttributeError,
)
_PROVIDERS_WORDS = {
    "invalid_client": "client_id, client_secret",
    "unauthorized_client": "client_id, client_secret",
    "invalid_grant": "username, password",
    "invalid_scope": "openid_scope",
}


def is_federated(auth_type: object) -> bool:
    """Tell whether this way to sign in asks a provider of OpenID Connect."""
    return str(auth_type).startswith("v3oidc")


def refused_at(auth: Mapping[str, Any], error: Exception) -> str:
    """Return the address at which a sign-in has broken off: keystone's, unless it was the provider's."""
    if isinstance(error, exceptions.HttpError | ApiError) and error.url:
        return without_secrets(error.url)
    named = (str(auth[key]) for key in _OF_PROVIDER if key in auth)
    if isinstance(error, _STRANGE_DISCOVERY):
        return next(named, str(auth.get("auth_url")))
    return next((url for url in named if url in str(error)), str(auth.get("auth_url")))


def remedy(auth: Mapping[str, Any], error: Exception) -> str:
    """Return what to do about it; nothing where it is as with every other way to sign in."""
    where = refused_at(auth, error)
    words = _PROVIDERS_WORDS.get(said_by_provider(error), "")
    remedies = (
        (
            isinstance(error, exceptions.OidcPluginNotSupported),
            "the provider does not offer this grant: take another auth_type",
        ),
        (_AT_KEYSTONE in where, _of_keystone(auth, getattr(error, "http_status", 0))),
        (where.startswith(str(auth.get("auth_url"))), ""),
        (bool(words), f"mend {words} of its `auth`"),
        (
            where == auth.get("discovery_endpoint"),
            "mend its discovery_endpoint, which ends with /.well-known/openid-configuration",
        ),
        (isinstance(error, ApiError), "mend its access_token_type, or ask who runs the provider"),
        (where == auth.get("access_token_endpoint"), "mend its access_token_endpoint"),
    )
    return next((what for fits, what in remedies if fits), "ask who runs the provider")


def said_by_provider(error: Exception) -> str:
    """Return a provider's own word for what is wrong (RFC 6749, 5.2)."""
    if isinstance(error, AssertionError):  # keystoneauth's
        return "the provider has given an access token that is no text"
    try:
        answer = error.response.json()  # type: ignore[attr-defined] # what has none says so
        word = answer["error"]
    except (AttributeError, ValueError, TypeError, LookupError):
        return ""
    return word if isinstance(word, str) else ""


def _of_keystone(auth: Mapping[str, Any], status: int) -> str:
    if status == 404:
        return (
            f"keystone knows no identity provider {auth.get('identity_provider')!r} with the protocol"
            f" {auth.get('protocol')!r}: mend identity_provider and protocol"
        )
    if status == 401 and "access_token" in auth:
        return "mend its access_token, which may have expired"
    return "ask the cloud's administrator for the mapping of this provider's users"
