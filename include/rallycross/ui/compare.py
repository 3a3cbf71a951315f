"""The page Compare: the figures of two runs, with what can be said of their differences."""

from collections.abc import Sequence
from pathlib import Path

from rallycross.judging.run_comparison.compare import compare
from rallycross.report import run_comparison_page
from rallycross.results.models import TaskRow
from rallycross.results.store import Store
from rallycross.ui import parameters
from rallycross.ui.page import Links, Page
from rallycross.ui.run import with_links

BY = ("action", "workload")


def compare_page(store: Store, links: Links, runs: Sequence[str], by: str, *, samples: Path) -> Page:
    """Return the comparison of two runs, the earlier one first. Raises `BadParameter`, or why it means nothing."""
    by = parameters.choice({"by": by}, "by", BY) or BY[0]
    chosen = list(dict.fromkeys(map(parameters.uuid, runs)))
    if len(chosen) != 2:
        raise parameters.BadParameter(f"run: {len(chosen)} runs are chosen - choose two in the list of runs")
    rows = sorted((_task(store, uuid) for uuid in chosen), key=lambda row: row.started_at)
    found = compare([rows[0]], [rows[1]], samples, by_action=by == "action")
    around = (
        ("Rallycross", links.to()),
        ("Runs", links.to("runs")),
        ("The first run", links.to("runs", rows[0].uuid)),
        ("The second run", links.to("runs", rows[1].uuid)),
    )
    return Page(with_links(run_comparison_page.page(found), links, around))


def _task(store: Store, uuid: str) -> TaskRow:
    if (row := store.tasks.get(uuid)) is None:
        raise parameters.BadParameter(f"run: {uuid} is no benchmark - choose two benchmarks in the list of runs")
    return row
