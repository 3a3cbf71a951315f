"""Opens the results database of `RALLYCROSS_RESULTS_URL` as a core `Store`."""

from functools import cache

from rallycross.results.store import Store


@cache
def store() -> Store:
    """Return the store of this process; opening it migrates an older database."""
    return Store.open()
