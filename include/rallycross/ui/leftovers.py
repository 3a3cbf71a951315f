"""The page Leftovers: what the ledger has, that is, what runs created and have not deleted yet."""

import time
from collections.abc import Mapping

from rallycross.lifecycle import ledger_owner
from rallycross.results.store import Store
from rallycross.ui import parameters
from rallycross.ui.page import Links, Page, rendered

_LAST_ROW = 2**31 - 1


def leftovers_page(store: Store, links: Links, given: Mapping[str, str]) -> Page:
    """Return the page for the parameters of its address. Raises `BadParameter`."""
    cloud = parameters.text(given, "cloud")
    after = parameters.whole(given, "after", default=0, least=0, most=_LAST_ROW)
    size = parameters.whole(given, "size", default=parameters.SIZE, least=1, most=parameters.LARGEST_SIZE)
    rows = store.ledger.page(cloud=cloud, after=after, limit=size + 1)
    more = {"cloud": cloud, "size": given.get("size", "")}
    return rendered(
        "leftovers.html.j2",
        links,
        active="leftovers",
        rows=rows[:size],
        of_deployments={ledger_owner(row.cloud) for row in rows},
        cloud=cloud,
        counts=sorted(store.ledger.counts().items()),
        first=links.to("leftovers", **more) if after else "",
        next=links.to("leftovers", **more, after=rows[size - 1].id) if len(rows) > size else "",
        now=time.time(),
    )
