"""Signing in by an identity provider (`v3oidc...`): which step failed, and what to correct in the entry.

keystoneauth requests an access token from the provider, then a token from keystone. They may be different hosts.
"""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions

from rallycross.cloud.errors import ApiError, without_secrets

_OF_PROVIDER = ("discovery_endpoint", "access_token_endpoint")
_AT_KEYSTONE = "/OS-FEDERATION/"
# What keystoneauth raises for a document that is not an object, or is incomplete.
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
    """Return whether an auth type uses an OpenID Connect provider."""
    return str(auth_type).startswith("v3oidc")


def refused_at(auth: Mapping[str, Any], error: Exception) -> str:
    """Return the address at which a sign-in failed: the provider's or keystone's."""
    if isinstance(error, exceptions.HttpError | ApiError) and error.url:
        return without_secrets(error.url)
    named = (str(auth[key]) for key in _OF_PROVIDER if key in auth)
    if isinstance(error, _STRANGE_DISCOVERY):
        return next(named, str(auth.get("auth_url")))
    return next((url for url in named if url in str(error)), str(auth.get("auth_url")))


def remedy(auth: Mapping[str, Any], error: Exception) -> str:
    """Return the remedy; "" if it is the same as for other auth types."""
    where = refused_at(auth, error)
    words = _PROVIDERS_WORDS.get(said_by_provider(error), "")
    remedies = (
        (
            isinstance(error, exceptions.OidcPluginNotSupported),
            "the provider does not offer this grant: use another auth_type",
        ),
        (_AT_KEYSTONE in where, _of_keystone(auth, getattr(error, "http_status", 0))),
        (where.startswith(str(auth.get("auth_url"))), ""),
        (bool(words), f"correct {words} in its `auth`"),
        (
            where == auth.get("discovery_endpoint"),
            "correct its discovery_endpoint, which ends with /.well-known/openid-configuration",
        ),
        (isinstance(error, ApiError), "correct its access_token_type, or ask the operator of the provider"),
        (where == auth.get("access_token_endpoint"), "correct its access_token_endpoint"),
    )
    return next((what for fits, what in remedies if fits), "ask the operator of the provider")


def said_by_provider(error: Exception) -> str:
    """Return a provider's own error message (RFC 6749, 5.2)."""
    if isinstance(error, AssertionError):  # from keystoneauth
        return "the provider returned an access token that is not a text"
    try:
        answer = error.response.json()  # type: ignore[attr-defined] # without a response it raises, which is caught
        word = answer["error"]
    except (AttributeError, ValueError, TypeError, LookupError):
        return ""
    return word if isinstance(word, str) else ""


def _of_keystone(auth: Mapping[str, Any], status: int) -> str:
    if status == 404:
        return (
            f"keystone does not have an identity provider {auth.get('identity_provider')!r} with the protocol"
            f" {auth.get('protocol')!r}: correct identity_provider and protocol"
        )
    if status == 401 and "access_token" in auth:
        return "replace its access_token, which may have expired"
    return "ask the cloud's administrator to map this provider's users"
