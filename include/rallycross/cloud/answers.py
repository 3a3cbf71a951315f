"""Reads the answers of a cloud's API for all clients: an answer is valid JSON, or an error is raised."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urljoin, urlsplit

from rallycross.cloud.errors import ApiError, BadAnswer, without_secrets
from rallycross.errors import brief

REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
MOST_REDIRECTS = 5  # in a row
_LONGEST_MESSAGE = 2_000  # characters of an error message that are kept
_MULTIPLE_CHOICES = 300  # the status of keystone's and nova's list of versions, which is a valid answer


class Asked(NamedTuple):
    """A request and the metadata of its answer, for error messages."""

    method: str
    url: str
    status: int
    content_type: str = ""
    request_id: str | None = None

    def refuse(self, what: str, text: bytes = b"") -> NoReturn:
        """Raise `BadAnswer` with the reason `what`."""
        raise BadAnswer(self.method, self.url, self.status, what, text, self.request_id)


class Body(dict[str, Any]):
    """An object in an answer's JSON. A missing key raises an error with the request and the answer's keys."""

    __slots__ = ("asked",)
    asked: Asked

    def __missing__(self, key: str) -> NoReturn:
        there = ", ".join(map(ascii, list(self)[:8])) or "nothing"
        self.asked.refuse(f"the answer has no {key!r}, only {there}"[:400])

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Pickle and copy it as a plain dict."""
        return dict, (dict(self),)


class Items(list[Any]):
    """A list in an answer's JSON. Reading it by a key raises an error with the request."""

    __slots__ = ("asked",)
    asked: Asked

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            self.asked.refuse(f"the answer has a list of {len(self)} instead of an object with {key!r}")
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        """Pickle and copy it as a plain list."""
        return list, (list(self),)


def read(asked: Asked, text: bytes) -> Any:
    """Return the JSON of an answer below 400: objects as `Body`, lists as `Items`. An empty answer is an empty `Body`.

    Raise `BadAnswer` for a redirect, for an answer that is not JSON, or neither an object nor a list, and for an empty
    answer to a GET.
    """
    if asked.status > _MULTIPLE_CHOICES:
        asked.refuse("the answer is a redirect", text)
    if not text:
        if asked.method == "GET":
            asked.refuse("the answer is empty")
        return _body({}, asked)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        kind = f" but {asked.content_type}" if asked.content_type and "json" not in asked.content_type else ""
        asked.refuse(f"the answer is not JSON{kind}" if kind else "the answer is not complete JSON", text)
    if type(found) is dict:
        return _body(_deeper(found, asked), asked)
    if type(found) is list:
        return _items(found, asked)
    return asked.refuse("the answer is neither an object nor a list", text)


def keep_links_here(found: dict[str, Any], asked: Asked) -> None:
    """Make the links to the next page of a list use the URL of this page; only their parameters are kept.

    Many clouds have unreachable hosts in these links, and a link must not make us send the token to another host.
    """
    for key in [key for key in found if key == "links" or key.endswith("_links")]:
        links = found[key]
        if links is None:
            del found[key]
        elif isinstance(links, dict):
            if isinstance(links.get("next"), str):
                links["next"] = _page(links["next"], asked)
        elif not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
            asked.refuse(f"the answer has no links under {key!r}")
        else:
            for link in links:
                if link.get("rel") == "next" and "href" in link:
                    link["href"] = _page(link["href"], asked)
    if isinstance(found.get("next"), str):
        found["next"] = _page(found["next"], asked)


def _page(link: Any, asked: Asked) -> str:
    try:
        query = urlsplit(link).query
    except (ValueError, AttributeError, TypeError):
        asked.refuse(f"the link to the next page, {link!a}, is not a URL")
    return urlsplit(asked.url)._replace(query=query, fragment="").geturl()


def _check_list(found: dict[str, Any], asked: Asked) -> None:
    """Refuse an answer whose requested list, such as `servers` of `/servers`, is not a list of objects."""
    parts = urlsplit(asked.url).path.rstrip("/").removesuffix("/detail").rsplit("/", 1)
    key = parts[-1].replace("-", "_")
    if asked.method != "GET" or key not in found:
        return
    things = found[key]
    if things is None or isinstance(things, str | int | float):
        asked.refuse(f"the answer has {_kind(things)} instead of the list {key!r}")
    for thing in things if isinstance(things, list) else ():
        if thing is None or isinstance(thing, int | float):
            asked.refuse(f"the list {key!r} of the answer has {_kind(thing)} instead of an object")


def _kind(value: Any) -> str:
    return "null" if value is None else "a text" if isinstance(value, str) else "a number"


def _deeper(found: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """Convert an object's values to `Body` and `Items`. Deeper levels stay: only two levels are read by key."""
    for key, value in found.items():
        if type(value) is dict:
            found[key] = _body(value, asked)
        elif type(value) is list:
            found[key] = _items(value, asked)
        elif value is None and len(found) == 1:
            asked.refuse(f"the answer has null for {key!r}")
    _check_list(found, asked)
    return found


def _body(found: dict[str, Any], asked: Asked) -> Body:
    body = Body(found)
    body.asked = asked
    return body


def _items(found: list[Any], asked: Asked) -> Items:
    items = Items([_body(one, asked) if type(one) is dict else one for one in found])
    items.asked = asked
    return items


def refused(asked: Asked, text: bytes, reason: str) -> ApiError:
    """Return the error for an answer of 400 or above."""
    url = without_secrets(asked.url)
    return ApiError(asked.method, url, asked.status, message_of(text, reason), asked.request_id)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the request id, by which the cloud's logs name the request."""
    return headers.get("x-openstack-request-id") or headers.get("x-compute-request-id")


def next_stop(asked: Asked, location: str | None) -> str:
    """Return the URL that an answer redirects to; raise `BadAnswer` if the redirect must not be followed.

    The token is never sent to another host, nor from HTTPS to HTTP; a write is never redirected.
    """
    target = aim(asked, location or "")
    here, there = urlsplit(asked.url), urlsplit(target)
    if not location or asked.method not in {"GET", "HEAD"}:
        asked.refuse(f"the answer redirects to {ascii(without_secrets(target)) if location else 'nowhere'}")
    if there.hostname != here.hostname or there.scheme not in {here.scheme, "https"}:
        asked.refuse(f"the answer redirects to {without_secrets(target)!a}, which must not get this cloud's token")
    return target


def aim(asked: Asked, location: str) -> str:
    """Return the absolute URL of a `Location` header; raise `BadAnswer` if it is not a URL."""
    try:
        target = urljoin(asked.url, location)
        urlsplit(target)
    except ValueError:
        asked.refuse(f"the answer redirects to {location!a}, which is not a URL")
    return target


def message_of(text: bytes, reason: str) -> str:
    """Return the message in an error's body. Each service wraps its message differently."""
    try:
        found = json.loads(text)
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
