"""The results database, as `RALLYCROSS_RESULTS_URL` names it, becomes a core `Store`."""

from functools import cache

from rallycross.results.store import Store


@cache
def store() -> Store:
    """Return this process's store; opening it migrates the database when it is behind."""
    return Store.open()
