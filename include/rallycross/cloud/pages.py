"""The pages of a list, as openstacksdk asks for them: one after the other for as long as there is a link to a next."""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rallycross.cloud.answers import Asked


class Pages(threading.local):
    """What one thread has asked for of the lists that it reads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._markers: dict[str, set[str]] = {}

    def ask(self, method: str, url: str, params: Mapping[str, Any] | None, *, looked_at: bool = False) -> None:
        """Note a request; raise `BadAnswer` where it is for a page that has been, or for one too many.

        `looked_at`: whoever asks looks at the pages himself. A list is known by the end of its path: its first page is
        asked for by a path, the next ones by whole URLs.
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
        asked, markers = Asked(method, url, 200), self._markers.setdefault(name, set())
        if marker in markers:
            asked.refuse(f"the list does not come on: its pages lead to {marker[:200]!a} again")
        if len(markers) >= self._most:
            asked.refuse(f"the list has more than {self._most} pages (RALLYCROSS_LIST_PAGES)")
        markers.add(marker)
