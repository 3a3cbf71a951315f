"""A workload's site, for hooks to act on."""

import pytest

from rallycross.load_hooks import Site
from rallycross.results.store import Store


@pytest.fixture
def site(sqlite_store: Store) -> Site:
    """Give a site with a real store and no machines."""
    return Site("a-cloud", "a-workload", sqlite_store)
