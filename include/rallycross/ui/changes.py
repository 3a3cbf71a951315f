"""Confirmed changes on the pages: those of a history, how many are open, and their acknowledgement."""

from collections.abc import Mapping

from rallycross.results.reference import RECIPE_TAG
from rallycross.results.store import Store
from rallycross.ui import parameters
from rallycross.views.changes import ChangeEntry, change_entries, change_entry
from rallycross.views.trends import Trend

_SHOWN = 20  # changes of one recipe
_LAST_ROW = 2**31 - 1


def changes_of(store: Store, history: Trend) -> list[ChangeEntry]:
    """Return the latest changes of the recipe of a history: those that nobody has acknowledged, then the newest."""
    tags = (tag for run in history.runs for tag in run.entry.tags)
    names = {tag.removeprefix(RECIPE_TAG) for tag in tags if tag.startswith(RECIPE_TAG)} or {history.title}
    found = [one for name in names for one in change_entries(store, cloud=history.cloud, recipe=name, last=_SHOWN)]
    return sorted(found, key=lambda one: (one.state != "new", -one.found_at))[:_SHOWN]


def acknowledge(store: Store, number: str, given: Mapping[str, str], *, by: str) -> ChangeEntry | None:
    """Acknowledge a change, and return it; None: there is none. Raises `BadParameter`."""
    at = parameters.whole({"change": number}, "change", default=0, least=1, most=_LAST_ROW)
    note = parameters.text(given, "note")
    if store.changes.get(at) is None:
        return None
    store.changes.acknowledge(at, by=by, note=note)
    row = store.changes.get(at)
    return change_entry(row) if row else None
