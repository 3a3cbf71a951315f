"""Fixtures: a store to fill."""

import pytest
from ui_results import MadeResults

from rallycross.results.store import Store


@pytest.fixture(name="made")
def _made(sqlite_store: Store) -> MadeResults:
    """Return a store that can be filled with runs."""
    return MadeResults(sqlite_store)
