"""What the hooks of a test act on."""

import pytest

from rallycross.load_hooks.target import HookTarget
from rallycross.results.store import Store


@pytest.fixture
def target(sqlite_store: Store) -> HookTarget:
    """Return a hook target with a real store and no machines."""
    return HookTarget("a-cloud", "a-workload", sqlite_store)
