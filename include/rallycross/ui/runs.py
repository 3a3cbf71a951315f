"""The page Runs: a list with filters."""

import time
from collections.abc import Mapping
from typing import Any

from rallycross.results.run_list import KINDS, VERDICTS
from rallycross.results.store import Store
from rallycross.ui import parameters
from rallycross.ui.page import Links, Page, rendered
from rallycross.views.runs import LOOKED_AT, run_page

_FILTERS = ("cloud", "title", "tag", "verdict", "kind", "since", "until")


def runs_page(store: Store, links: Links, given: Mapping[str, str]) -> Page:
    """Return the page for the parameters of its address. Raises `BadParameter`."""
    size = parameters.whole(given, "size", default=parameters.SIZE, least=1, most=parameters.LARGEST_SIZE)
    wanted, after = parameters.run_filter(given), parameters.marker(given)
    found = run_page(store, wanted, after=after, size=size)
    filters: dict[str, Any] = {name: parameters.text(given, name) for name in _FILTERS}
    more = {**filters, "size": given.get("size", "")}
    return rendered(
        "runs.html.j2",
        links,
        active="runs",
        runs=found.entries,
        looked_at=LOOKED_AT,
        filters=filters,
        filtered=any(filters.values()),
        first=links.to("runs", **more) if after else "",
        next=links.to("runs", **more, after=parameters.shown_marker(found.next)) if found.next else "",
        clouds=sorted(store.history.cloud_names()),
        titles=store.runs.titles(),
        verdicts=VERDICTS,
        kinds=KINDS,
        now=time.time(),
    )
