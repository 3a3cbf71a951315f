"""A blocking, thread-safe client for everything except the load: plain requests of one user."""

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection

from rallycross.cloud.answers import Body, Exchange, refused
from rallycross.cloud.catalog import endpoints, official
from rallycross.cloud.errors import BadAnswer, SignInFailed, Unreachable
from rallycross.cloud.pages import next_link
from rallycross.cloud.resource import Thing
from rallycross.cloud.service import microversion_header
from rallycross.cloud.session import never_sent
from rallycross.settings import settings

_BYTES = {"Content-Type": "application/octet-stream"}


class Api:
    """Sends requests as the user of a connection, to the same endpoints as the load, without discovery.

    Temporary failures are retried if that is safe (see `cloud.session`). All methods raise `ApiError` for a status of
    400 or above, `BadAnswer` for an unreadable answer, `Unreachable` without an answer, and `SignInFailed` if the
    catalog does not have the service.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._session = connection.session
        plugin: Any = connection.session.auth  # a keystone plugin, which has the catalog
        try:
            access = plugin.get_access(connection.session)
        except (ClientException, BadAnswer) as error:
            raise SignInFailed(f"cannot sign in: {error}") from error
        self._endpoints = endpoints(str(connection.config.name), connection.config, connection.session, access)
        catalog = access.service_catalog.catalog if access.has_service_catalog() else []
        self.service_types = tuple(str(entry["type"]) for entry in catalog)  # as in the catalog
        self.user = str(access.user_id)
        self.project = str(access.project_id or "")
        self.project_name = str(access.project_name or "")
        self.administers = "admin" in access.role_names  # whether it sees, and may delete, things in other projects

    def has(self, service: str) -> bool:
        """Return whether the catalog has a service, under any current or former name of its type."""
        return official(service) in self._endpoints

    def get(self, service: str, path: str, params: Mapping[str, str] | None = None, microversion: str = "") -> Any:
        """Send a GET request."""
        return self._send("GET", service, path, params=params, microversion=microversion)

    def post(
        self, service: str, path: str, body: Mapping[str, Any], microversion: str = "", *, repeat: bool = False
    ) -> Any:
        """Send a POST request; `repeat` = it is safe to send it twice."""
        return self._send("POST", service, path, json=body, microversion=microversion, repeat=repeat)

    def put(self, service: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a PUT request."""
        return self._send("PUT", service, path, json=body)

    def patch(self, service: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send a PATCH request."""
        return self._send("PATCH", service, path, json=body)

    def upload(self, service: str, path: str, data: IO[bytes]) -> None:
        """Send data with a PUT request."""
        self._send("PUT", service, path, data=data, headers=_BYTES)

    def delete(self, service: str, path: str, params: Mapping[str, str] | None = None, microversion: str = "") -> None:
        """Send a DELETE request."""
        self._send("DELETE", service, path, params=params, microversion=microversion)

    def list(
        self, service: str, path: str, key: str, params: Mapping[str, str] | None = None, microversion: str = ""
    ) -> list[Thing]:
        """Return all pages of a list, each thing once. The answers have the things under `key`.

        Only the parameters of links to the next page are used, since many clouds have unreachable hosts in them: the
        token goes only where the catalog says. Raise `BadAnswer` for a list that repeats itself or never ends.
        """
        found: dict[str, Thing] = {}
        most, stale = settings().list_pages, 0  # pages in a row with nothing new
        asked = dict(params or {})
        for _ in range(most):
            answer: Body = self.get(service, path, asked, microversion)
            things = _things(answer, key)
            before = len(found)
            for thing in things:
                found.setdefault(_mark_of(thing) or f"{len(found)}th", thing)
            link = next_link(answer, key)
            if not things or not link:
                return list(found.values())
            stale = 0 if len(found) > before else stale + 1
            if stale > 1:
                answer.exchange.refuse(f"the list repeats itself: pages with nothing new lead to {link[:200]!a}")
            more = dict(parse_qsl(urlsplit(link).query))
            if "marker" not in more:
                more = {"marker": _mark_of(things[-1])}
            if {**asked, **more} == asked:
                answer.exchange.refuse(f"the list repeats itself: a page leads to itself, {link[:200]!a}")
            asked |= more
        return answer.exchange.refuse(f"the list has more than {most} pages (RALLYCROSS_LIST_PAGES)")

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
        sent_headers = {"Accept": "application/json", **(headers or {})}
        if microversion:
            sent_headers |= microversion_header(service, microversion)
        try:  # not logged, since the body may have a password
            answer = self._session.request(
                url, method, headers=sent_headers, raise_exc=False, log=False, reads=True, **more
            )
        except ClientException as error:
            raise Unreachable(f"{method} {url}: {error}", sent=not never_sent(error)) from error
        if answer.status_code >= 400:
            exchange = Exchange(method, url, answer.status_code, answer.headers)
            raise refused(exchange, answer.content, answer.reason or "")
        return answer.json()


def _things(answer: Body, key: str) -> list[Thing]:
    """Return the things on a page; raise `BadAnswer` if it does not have the list."""
    things: list[Thing] = answer[key]
    if not isinstance(things, list) or not all(isinstance(thing, dict) for thing in things):
        answer.exchange.refuse(f"the answer has no list of things under {key!r}")
    return things


def _mark_of(thing: Thing) -> str:
    """Return the id of a thing, which may be wrapped as in {"keypair": ...}."""
    inner = next(iter(thing.values())) if len(thing) == 1 else thing
    kept = inner if isinstance(inner, dict) else thing
    return str(kept.get("id") or kept.get("name") or "")
