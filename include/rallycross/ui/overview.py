"""The page Overview: each cloud, with what is known of it."""

import time

from rallycross.results.store import Store
from rallycross.ui.page import Links, Page, rendered
from rallycross.views.overview import overview

MOST_CLOUDS = 100


def overview_page(store: Store, links: Links) -> Page:
    """Return the page."""
    clouds = overview(store, most=MOST_CLOUDS)
    titles = store.runs.titles_of([change.first_task for cloud in clouds for change in cloud.open_changes])
    return rendered(
        "overview.html.j2", links, active="overview", clouds=clouds, titles=titles, most=MOST_CLOUDS, now=time.time()
    )
