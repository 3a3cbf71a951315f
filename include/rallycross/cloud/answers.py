"""Reads the answers of a cloud's API for all clients: an answer is valid JSON, or an error is raised."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urljoin, urlsplit

from rallycross.cloud.errors import ApiError, BadAnswer, without_secrets
from rallycross.errors import brief

REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
MOST_REDIRECTS = 5  # in a row
_DECODER = json.JSONDecoder()
_LONGEST_MESSAGE = 2_000  # characters of an error message that are kept
_ACCEPTED = 202  # the status of an action, also of cinder's actions by GET, which have no content
_MULTIPLE_CHOICES = 300  # the status of keystone's and nova's list of versions, which is a valid answer


class Exchange(NamedTuple):
    """A request and the metadata of its answer, for error messages."""

    method: str
    target: object  # the URL; only errors need it as text, and an answer of a load is read in microseconds
    status: int
    headers: Mapping[str, str] = MappingProxyType({})  # of the answer

    @property
    def url(self) -> str:
        """The URL as text."""
        return str(self.target)

    @property
    def content_type(self) -> str:
        """The content type; "" when the answer does not name one."""
        return self.headers.get("Content-Type", "")

    @property
    def request_id(self) -> str | None:
        """The id of the request in the cloud's logs."""
        return request_id_of(self.headers)

    def refuse(self, what: str, text: bytes = b"") -> NoReturn:
        """Raise `BadAnswer` with the reason `what`."""
        raise BadAnswer(self.method, self.url, self.status, what, text, self.request_id)


class Body(dict[str, Any]):
    """An object in an answer's JSON. A missing key raises an error with the request and the answer's keys."""

    __slots__ = ("exchange",)
    exchange: Exchange

    def __missing__(self, key: str) -> NoReturn:
        there = ", ".join(map(ascii, list(self)[:8])) or "nothing"
        self.exchange.refuse(f"the answer has no {key!r}, only {there}"[:400])

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Pickle and copy it as a plain dict."""
        return dict, (dict(self),)


class Items(list[Any]):
    """A list in an answer's JSON. Reading it by a key raises an error with the request."""

    __slots__ = ("exchange",)
    exchange: Exchange

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            self.exchange.refuse(f"the answer has a list of {len(self)} instead of an object with {key!r}")
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        """Pickle and copy it as a plain list."""
        return list, (list(self),)


def read(exchange: Exchange, text: bytes) -> Any:
    """Return the JSON of an answer below 400: objects as `Body`, lists as `Items`. An empty answer is an empty `Body`.

    Raise `BadAnswer` for a redirect, for an answer that is not JSON, or neither an object nor a list, and for an empty
    answer to a GET (unless that was an action).
    """
    if exchange.status > _MULTIPLE_CHOICES:
        exchange.refuse("the answer is a redirect", text)
    if not text:
        if exchange.method == "GET" and exchange.status != _ACCEPTED:
            exchange.refuse("the answer is empty")
        return _body({}, exchange)
    try:
        found = _parse(text)
    except (ValueError, RecursionError):
        kind = f" but {exchange.content_type}" if exchange.content_type and "json" not in exchange.content_type else ""
        exchange.refuse(f"the answer is not JSON{kind}" if kind else "the answer is not complete JSON", text)
    if type(found) is dict:
        return _body(_deeper(found, exchange), exchange)
    if type(found) is list:
        return _items(found, exchange)
    return exchange.refuse("the answer is neither an object nor a list", text)


def _parse(text: bytes) -> Any:
    """Return the JSON of an answer; nearly all are UTF-8, and detecting the encoding of each is a third of the cost."""
    try:
        return _DECODER.decode(text.decode())
    except ValueError:  # another encoding, or not JSON
        return json.loads(text)


def keep_links_here(found: dict[str, Any], exchange: Exchange) -> None:
    """Make the links to the next page of a list use the URL of this page; only their parameters are kept.

    Many clouds have unreachable hosts in these links, and a link must not make us send the token to another host.
    """
    for key in [key for key in found if key == "links" or key.endswith("_links")]:
        links = found[key]
        if links is None:
            del found[key]
        elif isinstance(links, dict):
            if isinstance(links.get("next"), str):
                links["next"] = _page(links["next"], exchange)
        elif not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
            exchange.refuse(f"the answer has no links under {key!r}")
        else:
            for link in links:
                if link.get("rel") == "next" and "href" in link:
                    link["href"] = _page(link["href"], exchange)
    if isinstance(found.get("next"), str):
        found["next"] = _page(found["next"], exchange)


def _page(link: Any, exchange: Exchange) -> str:
    try:
        query = urlsplit(link).query
    except (ValueError, AttributeError, TypeError):
        exchange.refuse(f"the link to the next page, {link!a}, is not a URL")
    return urlsplit(exchange.url)._replace(query=query, fragment="").geturl()


def _check_list(key: str, things: Any, exchange: Exchange) -> None:
    """Refuse an answer whose requested list, such as `servers` of `/servers`, is not a list of objects."""
    path = exchange.url.partition("?")[0].rstrip("/").removesuffix("/detail")
    if path.rpartition("/")[2].replace("-", "_") != key:
        return
    if things is None or isinstance(things, str | int | float):
        exchange.refuse(f"the answer has {_kind(things)} instead of the list {key!r}")
    for thing in things if isinstance(things, list) else ():
        if thing is None or isinstance(thing, int | float):
            exchange.refuse(f"the list {key!r} of the answer has {_kind(thing)} instead of an object")


def _kind(value: Any) -> str:
    return "null" if value is None else "a text" if isinstance(value, str) else "a number"


def _deeper(found: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    """Convert an object's values to `Body` and `Items`. Deeper levels stay: only two levels are read by key."""
    for key, value in found.items():
        kind = type(value)
        if kind is dict:
            found[key] = _body(value, exchange)
        elif kind is list:
            found[key] = _items(value, exchange)
        elif value is None and len(found) == 1:
            exchange.refuse(f"the answer has null for {key!r}")
        if kind is not dict and key.endswith("s") and exchange.method == "GET":
            _check_list(key, value, exchange)
    return found


def _body(found: dict[str, Any], exchange: Exchange) -> Body:
    body = Body(found)
    body.exchange = exchange
    return body


def _items(found: list[Any], exchange: Exchange) -> Items:
    items = Items([_body(one, exchange) if type(one) is dict else one for one in found])
    items.exchange = exchange
    return items


def refused(exchange: Exchange, text: bytes, reason: str) -> ApiError:
    """Return the error for an answer of 400 or above."""
    url = without_secrets(exchange.url)
    return ApiError(exchange.method, url, exchange.status, message_of(text, reason), exchange.request_id)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the request id, by which the cloud's logs name the request."""
    return headers.get("x-openstack-request-id") or headers.get("x-compute-request-id")


def next_stop(exchange: Exchange, location: str | None) -> str:
    """Return the URL that an answer redirects to; raise `BadAnswer` if the redirect must not be followed.

    The token is never sent to another host, nor from HTTPS to HTTP; a write is never redirected.
    """
    target = aim(exchange, location or "")
    here, there = urlsplit(exchange.url), urlsplit(target)
    if not location or exchange.method not in {"GET", "HEAD"}:
        exchange.refuse(f"the answer redirects to {ascii(without_secrets(target)) if location else 'nowhere'}")
    if there.hostname != here.hostname or there.scheme not in {here.scheme, "https"}:
        exchange.refuse(f"the answer redirects to {without_secrets(target)!a}, which must not get this cloud's token")
    return target


def aim(exchange: Exchange, location: str) -> str:
    """Return the absolute URL of a `Location` header; raise `BadAnswer` if it is not a URL."""
    try:
        target = urljoin(exchange.url, location)
        urlsplit(target)
    except ValueError:
        exchange.refuse(f"the answer redirects to {location!a}, which is not a URL")
    return target


def message_of(text: bytes, reason: str) -> str:
    """Return the message in an error's body. Each service wraps its message differently."""
    try:
        found = _parse(text)
    except (ValueError, RecursionError):
        plain = text.decode(errors="replace").strip()
        return plain[:500] if plain and not plain.startswith("<") else reason
    for _ in range(3):  # {"error": {"message": ...}}, {"NeutronError": {"message": ...}}, {"itemNotFound": {...}}
        if isinstance(found, dict):
            found = (
                found.get("message")
                or found.get("faultstring")
                or found.get("detail")
                or next(iter(found.values()), "")
            )
    return brief(found, _LONGEST_MESSAGE) if isinstance(found, str) and found else reason
