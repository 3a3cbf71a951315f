"""One user's plain requests to a cloud, for what is not load: blocking, thread-safe, answers as the API gives them."""

from collections.abc import Mapping
from typing import IO, Any

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection

from rallycross.cloud.access import endpoints
from rallycross.cloud.client import message_of
from rallycross.cloud.errors import ApiError, SignInFailed, Unreachable

Thing = dict[str, Any]  # as the API shows it

_MICROVERSION_NAMES = {"block-storage": "volume"}  # how a service calls itself in the header, where not by its type
_BYTES = {"Content-Type": "application/octet-stream"}
_PATIENCE = 300.0  # seconds until an answer must have begun


class Api:
    """Speaks for the user of a connection; the endpoints are those that the load uses, and are not discovered anew.

    All methods raise `ApiError` for an answer of 400 or above, `Unreachable` where there is none, and `SignInFailed`
    where the catalog lacks the service.
    """

    def __init__(self, connection: Connection) -> None:
        self._session = connection.session
        plugin: Any = connection.session.auth  # one of keystone's, which know what they were let in to
        try:
            access = plugin.get_access(connection.session)
        except ClientException as error:
            raise SignInFailed(f"cannot sign in: {error}") from error
        interface = str(connection.config.get_interface() or "public").removesuffix("URL")
        region = connection.config.get_region_name() or None
        self._endpoints = endpoints(access.service_catalog.catalog, interface, region)
        self.service_types = {
            str(service["type"]) for service in access.service_catalog.catalog
        }  # as the cloud has them
        self.user = str(access.user_id)
        self.project = str(access.project_id or "")
        self.project_name = str(access.project_name or "")
        self.administers = "admin" in access.role_names  # sees, and may delete, what is in others' projects

    def has(self, service: str) -> bool:
        """Say whether the catalog has a service, by its official type."""
        return service in self._endpoints

    def get(self, service: str, path: str, params: Mapping[str, str] | None = None, microversion: str = "") -> Any:
        """Read."""
        return self._send("GET", service, path, params=params, microversion=microversion)

    def post(self, service: str, path: str, body: Mapping[str, Any], microversion: str = "") -> Any:
        """Create, or act."""
        return self._send("POST", service, path, json=body, microversion=microversion)

    def put(self, service: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Set."""
        return self._send("PUT", service, path, json=body)

    def upload(self, service: str, path: str, data: IO[bytes]) -> None:
        """Send bytes."""
        self._send("PUT", service, path, data=data, headers=_BYTES)

    def delete(self, service: str, path: str, params: Mapping[str, str] | None = None, microversion: str = "") -> None:
        """Delete."""
        self._send("DELETE", service, path, params=params, microversion=microversion)

    def list(
        self, service: str, path: str, key: str, params: Mapping[str, str] | None = None, microversion: str = ""
    ) -> list[Thing]:
        """Return all pages of a list, whose things stand under `key` in the answer."""
        found: list[Thing] = []
        asked = dict(params or {})
        while True:
            answer = self.get(service, path, asked, microversion)
            page: list[Thing] = answer[key]
            found += page
            links = answer.get(f"{key}_links") or []
            more = any(link.get("rel") == "next" for link in links) or answer.get("next")
            if not page or not more:
                return found
            asked["marker"] = str(page[-1]["id"])

    def _send(
        self,
        method: str,
        service: str,
        path: str,
        *,
        microversion: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Any:
        if service not in self._endpoints:
            known = ", ".join(sorted(self._endpoints)) or "none"
            raise SignInFailed(f"the catalog has no endpoint of the service '{service}' - it has: {known}")
        url = self._endpoints[service] + path
        asked = {"Accept": "application/json", **(headers or {})}
        if microversion:
            asked["OpenStack-API-Version"] = f"{_MICROVERSION_NAMES.get(service, service)} {microversion}"
        try:  # not logged: a body may have a password in it
            answer = self._session.request(
                url, method, headers=asked, raise_exc=False, log=False, timeout=_PATIENCE, **more
            )
        except ClientException as error:
            raise Unreachable(f"{method} {url}: {error}") from error
        if answer.status_code >= 400:
            message = message_of(answer.content, answer.reason or "")
            raise ApiError(method, url, answer.status_code, message, answer.headers.get("x-openstack-request-id"))
        return answer.json() if answer.content else None
