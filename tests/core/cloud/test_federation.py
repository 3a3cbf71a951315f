"""Signing in by an identity provider: OpenID Connect over real HTTP, then a token without a project, then one with."""

from collections.abc import Iterator
from typing import Any

import pytest
from oidc_provider import OidcProvider
from small_cloud import SmallCloud

from rallycross.cloud.access import SignIn
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.errors import SignInFailed

KINDS = ["v3oidcaccesstoken", "v3oidcclientcredentials", "v3oidcpassword"]


@pytest.fixture(name="provider")
def _provider(small: SmallCloud) -> Iterator[OidcProvider]:
    with OidcProvider() as provider:
        small.bearers = provider.subjects
        yield provider


@pytest.fixture(name="small")
def _small() -> Iterator[SmallCloud]:
    with SmallCloud() as small:
        yield small


def entry(small: SmallCloud, provider: OidcProvider, kind: str, **auth: Any) -> Cloud:
    """Return a cloud of an entry that signs in by the provider."""
    there = {
        "auth_url": f"{small.url}/identity/v3",
        "identity_provider": "idp",
        "protocol": "openid",
        "project_id": "admin-project",
        **provider.auth(kind),
        **auth,
    }
    given = {key: value for key, value in there.items() if value is not None}
    return Cloud("small", {"auth_type": kind, "auth": given, "region_name": "R"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_is_reached_by_an_identity_provider(small: SmallCloud, provider: OidcProvider, kind: str) -> None:
    """The provider's token is exchanged for keystone's, and that for a token of the project, with its catalog."""
    cloud = entry(small, provider, kind)
    access = SignIn(cloud)()
    assert (access.user, access.project) == ("admin", "admin-project")
    assert access.endpoints["compute"].startswith(small.url)
    assert small.requests[0] == f"POST identity {small.federation}"
    assert list(cloud.connect().compute.servers()) == []


@pytest.mark.parametrize(
    ("kind", "auth", "said"),
    [
        (
            "v3oidcpassword",
            {"client_secret": "x"},
            "ada cannot sign in at {idp}/token: .*correct client_id, client_secret",
        ),
        ("v3oidcpassword", {"password": "x"}, "ada cannot sign in at {idp}/token: .*correct username, password"),
        (
            "v3oidcclientcredentials",
            {"identity_provider": "idq"},
            "keystone does not have an identity provider 'idq' with the",
        ),
        (
            "v3oidcclientcredentials",
            {"protocol": "saml2"},
            "the protocol 'saml2': correct identity_provider and protocol",
        ),
        ("v3oidcaccesstoken", {"access_token": "old"}, "replace its access_token, which may have expired"),
        ("v3oidcclientcredentials", {"discovery_endpoint": "{idp}/x"}, "at {idp}/x: .*correct its discovery_endpoint"),
        (
            "v3oidcclientcredentials",
            {"discovery_endpoint": "http://127.0.0.1:9/x"},
            "127.0.0.1:9/x.*its discovery_endp",
        ),
        ("v3oidcclientcredentials", {"access_token_endpoint": "{idp}/x"}, "at {idp}/x: .*its access_token_endpoint"),
        (
            "v3oidcclientcredentials",
            {"access_token_type": "id_token"},
            "no 'id_token', only .*correct its access_token_type",
        ),
        ("v3oidcclientcredentials", {"discovery_endpoint": None}, "either an 'access-token-endpoint' or"),
        ("v3oidcclientcredentials", {"identity_provider": None}, "not given: identity_provider"),
        ("v3oidcpassword", {"username": None}, "not given: username"),
    ],
)
def test_where_it_breaks_off_is_told(
    small: SmallCloud, provider: OidcProvider, kind: str, auth: dict[str, str | None], said: str
) -> None:
    """The error names the address that refused, which may be the provider's, and the key to correct."""
    filled = {key: value and value.replace("{idp}", provider.url) for key, value in auth.items()}
    cloud = entry(small, provider, kind, **filled)
    with pytest.raises(SignInFailed, match=said.replace("{idp}", provider.url)) as caught:
        SignIn(cloud)()
    assert "secret" not in str(caught.value).replace("client_secret", "")


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/.well-known/openid-configuration", {}, "correct its discovery_endpoint"),
        ("/.well-known/openid-configuration", [1], "correct its discovery_endpoint"),
        ("/.well-known/openid-configuration", {"grant_types_supported": ["authorization_code"]}, "does not offer"),
        ("/token", {"error": "x"}, "no 'access_token', only 'error'"),
        ("/token", [], "instead of an object with 'access_token'"),
        ("/token", {"access_token": 7}, "an access token that is not a text"),
    ],
)
def test_a_strange_provider_is_told(
    small: SmallCloud, provider: OidcProvider, path: str, answer: Any, said: str
) -> None:
    """Any invalid answer of a provider gives an error message."""
    provider.answers[path] = (200, answer)
    with pytest.raises(SignInFailed, match=said):
        SignIn(entry(small, provider, "v3oidcclientcredentials"))()


def test_no_project_is_told(small: SmallCloud, provider: OidcProvider) -> None:
    """For a user without a project the error says that there is no catalog, and what to write."""
    with pytest.raises(SignInFailed, match="project"):
        SignIn(entry(small, provider, "v3oidcpassword", project_id=None))()
