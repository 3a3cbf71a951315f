"""The part of `clean --cloud` that looks for leftovers by name: shows them by kind, run and owner, asks, deletes."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rallycross import janitor
from rallycross.cli.console import console, progress
from rallycross.cli.grid import Grid
from rallycross.cloud.cloud import Cloud
from rallycross.leftovers.by_name import FoundByName
from rallycross.results.store import Store
from rallycross.views.leftovers import age_of, leftover_groups


def clean_by_name(
    cloud: Cloud, store: Store, *, dry_run: bool, yes: bool, quiet: bool, older_than: float
) -> dict[str, Any]:
    """Find, show, ask, delete; return a document about it. `quiet`: neither show nor ask; `older_than`: in minutes."""
    found = janitor.find_by_name(cloud, store, older_than=older_than)
    if found.not_searched:
        return _document(found, None, [found.not_searched], quiet=quiet)
    if not quiet:
        _show(cloud.name, found)
    if not found.things or dry_run or not (yes or (not quiet and _agreed(len(found.things)))):
        return _document(found, None, [], quiet=quiet)
    deleted, left = janitor.delete_by_name(found.things)
    return _document(found, deleted, [str(one) for one in left], quiet=quiet)


def _show(cloud: str, found: FoundByName) -> None:
    table = Grid(
        "kind", ">things", "named", "age", "project", title=f"{cloud}: left by runs that the ledger does not have"
    )
    for group in leftover_groups(found.things, datetime.now(UTC)):
        table.add_row(group.kind, str(group.count), f"{group.run}...", group.ages, group.owners)
    if table.rows:
        console.print(table)
    for unlisted in found.unlisted:
        progress.print(f"warning: {unlisted}")


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        progress.print("nothing of this was deleted; to delete it, add --yes")
        return False
    progress.print(f"Delete these {count} things? A run of another checkout may still need them. [y/N]")
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def _document(found: FoundByName, deleted: int | None, errors: Sequence[str], *, quiet: bool) -> dict[str, Any]:
    if not quiet:
        for error in errors:
            console.print(error)
        if deleted is not None:
            console.print(f"{deleted} deleted")
    now = datetime.now(UTC)
    return {
        "things": [
            {
                "kind": one.kind.name,
                "id": one.id,
                "name": one.name,
                "project": one.project or None,
                "age": age_of(one, now),
            }
            for one in found.things
        ],
        "unlisted": [str(one) for one in found.unlisted],
        "deleted": deleted,
        "errors": list(errors),
    }
