"""The list of runs, page by page."""

from dataclasses import dataclass

from rallycross.results.run_list import Marker, RunFilter
from rallycross.results.store import Store
from rallycross.views.history import HistoryEntry, entries

LOOKED_AT = 1000  # runs that are read at most for one page, if few of them have the wanted verdict


@dataclass(frozen=True)
class RunPage:
    """A page of the list, the newest run first."""

    entries: tuple[HistoryEntry, ...]
    next: Marker | None  # where the next page begins; None: this is the last


def run_page(store: Store, wanted: RunFilter, *, after: Marker | None = None, size: int = 50) -> RunPage:
    """Return a page; with a verdict that few runs have it may be short, or empty, and still have a next one."""
    found: list[HistoryEntry] = []
    looked_at = 0
    while looked_at < LOOKED_AT:
        rows = store.runs.page(wanted, after=after, limit=size + 1)
        more = len(rows) > size
        for entry in entries(store, rows[:size]):
            after = Marker(entry.started_at, entry.uuid)
            if not wanted.verdict or entry.verdict == wanted.verdict:
                found.append(entry)
                if len(found) == size:
                    more = more or entry.uuid != rows[min(size, len(rows)) - 1].uuid
                    return RunPage(tuple(found), after if more else None)
        looked_at += len(rows)
        if not more:
            return RunPage(tuple(found), None)
    return RunPage(tuple(found), after)
