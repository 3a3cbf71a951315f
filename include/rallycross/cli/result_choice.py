"""Finds the results that a command line names by abbreviated UUIDs."""

from rallycross.errors import RallycrossError
from rallycross.results.store import Store


def one_uuid(store: Store, abbreviated: str) -> str:
    """Return the one uuid that begins with the given characters."""
    if not abbreviated.strip():  # it would match every uuid: `delete "$UUID"` would delete the only result
        raise RallycrossError("the uuid is empty - ./rallycross results list shows all results")
    found = store.history.uuids_like(abbreviated.strip().lower())
    if not found:
        raise RallycrossError(f"there are no results {abbreviated} - ./rallycross results list shows all")
    if len(found) > 1:
        raise RallycrossError(
            f"{abbreviated} is ambiguous: it matches {', '.join(sorted(found)[:5])} - give more characters"
        )
    return found[0]
