"""Reading what a cloud's API answers, in one place for all clients: an answer is what it should be, or an error."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urljoin, urlsplit

from rallycross.cloud.errors import ApiError, BadAnswer, without_secrets
from rallycross.errors import brief

REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
MOST_REDIRECTS = 5  # one after the other
_LONGEST_MESSAGE = 2_000  # characters of what an error says
_MULTIPLE_CHOICES = 300  # what keystone's and nova's list of versions comes with, which is an answer


class Asked(NamedTuple):
    """A request, and what its answer says of itself: what an error is to name."""

    method: str
    url: str
    status: int
    content_type: str = ""
    request_id: str | None = None

    def refuse(self, what: str, text: bytes = b"") -> NoReturn:
        """Raise `BadAnswer`: the answer is not what it should be."""
        raise BadAnswer(self.method, self.url, self.status, what, text, self.request_id)


class Body(dict[str, Any]):
    """An object of an answer's JSON. Whoever takes a key that it lacks learns what was asked, and what came."""

    __slots__ = ("asked",)
    asked: Asked

    def __missing__(self, key: str) -> NoReturn:
        there = ", ".join(map(ascii, list(self)[:8])) or "nothing"
        self.asked.refuse(f"the answer has no {key!r}, only {there}"[:400])

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Go to other processes, and into copies, as a plain dict."""
        return dict, (dict(self),)


class Items(list[Any]):
    """A list of an answer's JSON. Whoever takes a key of it learns what was asked, and what came."""

    __slots__ = ("asked",)
    asked: Asked

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            self.asked.refuse(f"the answer has a list of {len(self)} in the place of an object with {key!r}")
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        """Go to other processes, and into copies, as a plain list."""
        return list, (list(self),)


def read(asked: Asked, text: bytes) -> Any:
    """Return the JSON of an answer below 400: objects as `Body`, lists as `Items`; an empty one has no keys at all.

    Raise `BadAnswer` where it sends one elsewhere, is no JSON, is neither object nor list, or has nothing to read.
    """
    if asked.status > _MULTIPLE_CHOICES:
        asked.refuse("the answer sends one elsewhere", text)
    if not text:
        if asked.method == "GET":
            asked.refuse("the answer is empty")
        return _body({}, asked)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        kind = f" but {asked.content_type}" if asked.content_type and "json" not in asked.content_type else ""
        asked.refuse(f"the answer is not JSON{kind}" if kind else "the answer is no whole JSON", text)
    if type(found) is dict:
        return _body(_deeper(found, asked), asked)
    if type(found) is list:
        return _items(found, asked)
    return asked.refuse("the answer is neither an object nor a list", text)


def keep_links_here(found: dict[str, Any], asked: Asked) -> None:
    """Have a list's links to its next page begin where this page was asked for: of them the parameters count.

    Many clouds name hosts there that nobody reaches, and who names another's is not to get the token.
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
        asked.refuse(f"the link to the next page, {link!a}, is no URL")
    return urlsplit(asked.url)._replace(query=query, fragment="").geturl()


def _check_list(found: dict[str, Any], asked: Asked) -> None:
    """Refuse what cannot stand in the place of the things that were asked for, such as `servers` of `/servers`."""
    parts = urlsplit(asked.url).path.rstrip("/").removesuffix("/detail").rsplit("/", 1)
    key = parts[-1].replace("-", "_")
    if asked.method != "GET" or key not in found:
        return
    things = found[key]
    if things is None or isinstance(things, str | int | float):
        asked.refuse(f"the answer has {_kind(things)} in the place of the list {key!r}")
    for thing in things if isinstance(things, list) else ():
        if thing is None or isinstance(thing, int | float):
            asked.refuse(f"the list {key!r} of the answer has {_kind(thing)} in the place of a thing")


def _kind(value: Any) -> str:
    return "null" if value is None else "a text" if isinstance(value, str) else "a number"


def _deeper(found: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """Put what an object holds into objects that can tell, and leave what these hold: two levels are read by key."""
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
    """Return the id under which the cloud's logs have a request."""
    return headers.get("x-openstack-request-id") or headers.get("x-compute-request-id")


def next_stop(asked: Asked, location: str | None) -> str:
    """Return where an answer sends one on to; raise `BadAnswer` where a token must not, or a write cannot, follow.

    A token is for the cloud: it follows to no other host, and never from HTTPS to HTTP.
    """
    target = aim(asked, location or "")
    here, there = urlsplit(asked.url), urlsplit(target)
    if not location or asked.method not in {"GET", "HEAD"}:
        asked.refuse(f"the answer sends one on to {ascii(without_secrets(target)) if location else 'nowhere'}")
    if there.hostname != here.hostname or there.scheme not in {here.scheme, "https"}:
        asked.refuse(f"the answer sends one on to {without_secrets(target)!a}, which gets no token of this cloud's")
    return target


def aim(asked: Asked, location: str) -> str:
    """Return the URL that a `Location` means; raise `BadAnswer` where it is none."""
    try:
        target = urljoin(asked.url, location)
        urlsplit(target)
    except ValueError:
        asked.refuse(f"the answer sends one on to {location!a}, which is no URL")
    return target


def message_of(text: bytes, reason: str) -> str:
    """Return what an error's body says: every service wraps its message in a way of its own."""
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
