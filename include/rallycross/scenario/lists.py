"""Lists in scenarios, with all their pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rallycross.cloud.pages import next_link
from rallycross.scenario.user import User
from rallycross.settings import settings


async def list_all(
    user: User,
    service: str,
    path: str,
    collection: str,
    filters: Mapping[str, Any] | None = None,
    *,
    most: int | None = None,
) -> list[Any]:
    """Return the things of all pages, as OpenStack's clients do; with `most`, of as many pages as that takes.

    `collection` is the key of the things in an answer. Filters without a value are not sent.
    """
    wanted = {name: str(value) for name, value in (filters or {}).items() if value}
    found: list[Any] = []
    pages = 0
    while True:
        page = await user.get(service, path, **wanted)
        found += page[collection]
        link = next_link(page, collection)
        if not link or not page[collection] or (most and len(found) >= most):
            return found
        pages += 1
        if pages >= (limit := settings().list_pages):
            page.exchange.refuse(f"the list has more than {limit} pages (RALLYCROSS_LIST_PAGES)")
        # Only the parameters of the link: many clouds have unreachable hosts in it.
        wanted |= dict(parse_qsl(urlsplit(link).query))
