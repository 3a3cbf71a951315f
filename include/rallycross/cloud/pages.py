"""The pages of lists: finds the link to the next one, and detects endless lists in openstacksdk, which follows all."""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rallycross.cloud.answers import Body, Exchange


def next_link(answer: Body, key: str) -> str:
    """Return a page's link to the next page; "" for the last page."""
    links = answer.get(f"{key}_links") or answer.get("links") or []
    if isinstance(links, dict):  # as in keystone
        return str(links.get("next") or "")
    hrefs = (str(link.get("href") or "") for link in links if isinstance(link, dict) and link.get("rel") == "next")
    return next(hrefs, "") or str(answer.get("next") or "")


class Pages(threading.local):
    """The pages that a thread has requested."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._markers: dict[str, set[str]] = {}

    def ask(self, method: str, url: str, params: Mapping[str, Any] | None, *, looked_at: bool = False) -> None:
        """Record a request; raise `BadAnswer` if it repeats a page or exceeds the limit of pages.

        `looked_at`: the caller checks the pages itself. Lists are identified by the end of the path: the first page is
        requested by a path, the next ones by absolute URLs.
        """
        if method != "GET" or looked_at:
            return
        parts = urlsplit(url)
        given = (params or {}).get("marker") or parse_qs(parts.query).get("marker") or ""
        marker = ",".join(map(str, given)) if isinstance(given, list) else str(given)
        name = parts.path.rstrip("/").rpartition("/")[2]
        if not marker:
            self._markers.pop(name, None)
            return
        exchange, markers = Exchange(method, url, 200), self._markers.setdefault(name, set())
        if marker in markers:
            exchange.refuse(f"the list repeats itself: its pages lead to {marker[:200]!a} again")
        if len(markers) >= self._most:
            exchange.refuse(f"the list has more than {self._most} pages (RALLYCROSS_LIST_PAGES)")
        markers.add(marker)
