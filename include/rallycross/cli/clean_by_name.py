"""The part of `clean --cloud` that looks for leftovers by name: shows them by kind, run and owner, asks, deletes."""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rallycross.cli.console import console, progress
from rallycross.cli.grid import Grid
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.leftovers.by_name import FoundByName, Named, delete, find, idle
from rallycross.results.store import Store

_MOST_OWNERS = 3  # that a row shows


def clean_by_name(
    cloud: Cloud, store: Store, *, dry_run: bool, yes: bool, quiet: bool, older_than: float
) -> dict[str, Any]:
    """Find, show, ask, delete; return a document about it. `quiet`: neither show nor ask; `older_than`: in minutes."""
    api = Api(cloud.connect())
    if not api.administers:
        note = f"{cloud.name}: its user is not an administrator, so only the ledger says what runs have left there"
        return _document(FoundByName([], []), None, [note], quiet=quiet)
    found = find(api, _alive(store))
    if older_than:
        found = replace(found, things=idle(found.things, datetime.now(UTC) - timedelta(minutes=older_than)))
    if not quiet:
        _show(cloud.name, found)
    if not found.things or dry_run or not (yes or (not quiet and _agreed(len(found.things)))):
        return _document(found, None, [], quiet=quiet)
    left = delete(found.things).left
    gone = {one.id for one in found.things} - {one.id for one in left}
    return _document(found, len(gone), [str(one) for one in left], quiet=quiet)


def _alive(store: Store) -> list[str]:
    """Return the uuids of the tasks that run here, and of their workloads."""
    tasks = [task for uuid in store.tasks.running() if (task := store.tasks.get(uuid))]
    return [owner for task in tasks for owner in (task.uuid, *(one.uuid for one in task.workloads))]


def _show(cloud: str, found: FoundByName) -> None:
    groups: dict[tuple[str, str], list[Named]] = {}
    for one in found.things:
        groups.setdefault((one.kind.name, one.run), []).append(one)
    table = Grid(
        "kind", ">things", "named", "age", "project", title=f"{cloud}: left by runs that the ledger does not have"
    )
    for (kind, run), things in groups.items():
        table.add_row(kind, str(len(things)), f"{run}...", _ages(things), _owners(things))
    if groups:
        console.print(table)
    for unlisted in found.unlisted:
        progress.print(f"warning: {unlisted}")


def _ages(things: list[Named]) -> str:
    ages = sorted(age for one in things if (age := age_of(one)) is not None)
    return " to ".join(dict.fromkeys(map(_age, [ages[0], ages[-1]]))) if ages else "unknown"


def age_of(one: Named) -> float | None:
    """Return for how many seconds something has existed; None if its service does not say."""
    return None if one.created is None else max(0.0, (datetime.now(UTC) - one.created).total_seconds())


def _age(seconds: float) -> str:
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def _owners(things: list[Named]) -> str:
    owners = sorted({one.project for one in things if one.project})
    more = [f"{len(owners) - _MOST_OWNERS} more"] if len(owners) > _MOST_OWNERS else []
    return ", ".join([*owners[:_MOST_OWNERS], *more]) or "-"


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        progress.print("nothing of this was deleted; to delete it, add --yes")
        return False
    progress.print(f"Delete these {count} things? A run of another checkout may still need them. [y/N]")
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def _document(found: FoundByName, deleted: int | None, errors: list[str], *, quiet: bool) -> dict[str, Any]:
    if not quiet:
        for error in errors:
            console.print(error)
        if deleted is not None:
            console.print(f"{deleted} deleted")
    return {
        "things": [
            {
                "kind": one.kind.name,
                "id": one.id,
                "name": one.name,
                "project": one.project or None,
                "age": age_of(one),
            }
            for one in found.things
        ],
        "unlisted": [str(one) for one in found.unlisted],
        "deleted": deleted,
        "errors": errors,
    }
