"""A real keystone with federation, whose users an OpenID Connect provider knows.

The proxy before it does what mod_auth_openidc does in a web server: it asks the provider whose an access token is, and
tells keystone by headers that nobody else can send. All else is keystone's: identity provider, protocol, mapping, the
token without a project, and the one with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from oidc_provider import OidcProvider
from shaped_cloud import Shape, ShapedCloud

from rallycross.cloud.cloud import Cloud

_NAME = "a-provider"
_PROTOCOL = "mapped"  # by its own name keystone would have to be told of it in `[auth] methods`
_USER, _ISSUER = "X-Oidc-User", "X-Oidc-Issuer"
_PATH = f"/identity/v3/OS-FEDERATION/identity_providers/{_NAME}/protocols/{_PROTOCOL}/auth"


class FederatedCloud(ShapedCloud):
    """The proxy."""

    def __init__(self, cloud: Cloud, provider: OidcProvider, folder: Path) -> None:
        super().__init__(cloud, Shape(), folder)
        self._provider = provider
        self._project = cloud.connect().current_project_id

    def admits(self, request: web.Request, headers: dict[str, str]) -> bool:
        """Let nobody sign in by a provider who has no access token of it."""
        for name in [name for name in headers if name.lower().startswith("x-oidc")]:
            del headers[name]
        if request.path != _PATH:
            return True
        subject = self._provider.subjects.get(headers.pop("Authorization", "").removeprefix("Bearer "))
        headers |= {_USER: subject or "", _ISSUER: self._provider.url}
        return subject is not None

    def entry_of(self, kind: str) -> dict[str, Any]:
        """Return the entry of a clouds.yaml by which one signs in by the provider."""
        beside = {key: value for key, value in self.entry.items() if key not in {"auth", "auth_type"}}
        auth = {
            "auth_url": f"{self.url}/identity/v3",
            "identity_provider": _NAME,
            "protocol": _PROTOCOL,
            "project_id": self._project,
            **self._provider.auth(kind),
        }
        return {**beside, "auth_type": kind, "auth": auth}


@contextmanager
def federated(cloud: Cloud, folder: Path) -> Iterator[FederatedCloud]:
    """Let a provider's users in to a cloud, as its administrators; take all of it back."""
    connection: Any = cloud.connect()
    identity = connection.identity
    group = identity.create_group(name=_NAME, domain_id="default")
    role = next(identity.roles(name="admin"))
    identity.assign_project_role_to_group(connection.current_project_id, group, role)
    with OidcProvider() as provider:
        remote = [{"type": _header(_USER)}, {"type": _header(_ISSUER), "any_one_of": [provider.url]}]
        rules = [{"local": [{"user": {"name": "{0}"}, "group": {"id": group.id}}], "remote": remote}]
        mapping = identity.create_mapping(id=_NAME, rules=rules)
        known = identity.create_identity_provider(id=_NAME, domain_id="default", is_enabled=True)
        protocol = identity.create_federation_protocol(known, id=_PROTOCOL, mapping_id=mapping.id)
        try:
            with FederatedCloud(cloud, provider, folder) as proxy:
                yield proxy
        finally:
            identity.delete_federation_protocol(known, protocol)
            identity.delete_identity_provider(known)
            identity.delete_mapping(mapping)
            identity.delete_group(group)


def _header(name: str) -> str:
    """Return what keystone calls a header."""
    return f"HTTP_{name.upper().replace('-', '_')}"
