"""Delete what killed runs have left in clouds, and undo the faults of their hooks, by the ledger.

A task whose process is alive is only listed; a process is dead if it has given no sign of life for a minute
(RALLYCROSS_DEAD_AFTER). If you know that it is gone, clean up after it at once with --task UUID.

With --cloud, also look for what the ledger does not have: things named as Rallycross and Rally name theirs
(s_rally_..., c_rally_...), left by dead runs of other checkouts, or by Rally. They are shown by kind, age and owner,
and deleted if you agree. Nothing with another name is touched, and nothing of a task that runs in this checkout.
"""

import argparse
from typing import Any

from rallycross import janitor
from rallycross.cli.clean_by_name import clean_by_name
from rallycross.cli.console import console, print_json, progress
from rallycross.cli.named_cloud import check_name, cloud_with_entry, named_cloud
from rallycross.cli.parser import add_json, number
from rallycross.cli.result_choice import one_uuid
from rallycross.cloud.cloud import NO_CLOUD
from rallycross.errors import RallycrossError
from rallycross.janitor import TaskLeftovers
from rallycross.results.store import Store

_LONGEST = 1e7  # minutes; the upper bound of --older-than


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--cloud", metavar="NAME", help="only in this cloud (default: in all)")
    parser.add_argument("--task", metavar="UUID", help="only what this task has left, even if it seems to be running")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be deleted")
    parser.add_argument("--yes", action="store_true", help="with --cloud: delete what is found by name without asking")
    parser.add_argument(
        "--older-than",
        type=number(0, _LONGEST),
        default=0.0,
        metavar="MINUTES",
        help="with --cloud: by name, only what runs have left that have made nothing for so long (default: all)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Clean up after each task with something in the ledger; return 1 if something could not be deleted."""
    store = Store.open()
    check_name(options.cloud, store)
    tasks = []
    for found in _tasks(store, options):
        running = found.alive and options.task is None
        standing = [{"kind": kind, "name": name} for kind, name in found.standing]
        one = {"cloud": found.cloud, "task": found.task, "seems_running": running, "standing": standing}
        if not options.json:
            _print_standing(one)
        cleaned, error = (None, "") if running or options.dry_run else _clean(store, found)
        tasks.append({**one, "cleaned": cleaned, "error": error})
        if not options.json and (error or cleaned is not None):
            console.print(error or f"{found.cloud}  task {found.task}  {cleaned} cleaned up")
    named = _by_name(store, options)
    if options.json:
        print_json({"tasks": tasks, "by_name": named})
    elif not tasks and not (named and named["things"]):
        console.print("nothing to clean up")
    return 1 if any(one["error"] for one in tasks) or (named and named["errors"]) else 0


def _by_name(store: Store, options: argparse.Namespace) -> dict[str, Any] | None:
    """Look by name in the cloud that is named; return what came of it."""
    if options.task is not None or options.cloud in {None, NO_CLOUD.name}:
        return None
    cloud = cloud_with_entry(options.cloud, store)
    if cloud is None:
        progress.print(f"{options.cloud}: nothing to sign in with is known, so only the ledger was looked at")
        return None
    return clean_by_name(
        cloud,
        store,
        dry_run=options.dry_run,
        yes=options.yes,
        quiet=options.json,
        older_than=options.older_than,
    )


def _print_standing(one: dict[str, Any]) -> None:
    for row in one["standing"]:
        console.print(f"{one['cloud']}  task {one['task']}  {row['kind']}  {row['name']}")
    if one["seems_running"]:
        console.print(
            f"  it seems to be running; if its process is gone, wait, or run: ./rallycross clean --task {one['task']}"
        )


def _clean(store: Store, found: TaskLeftovers) -> tuple[int | None, str]:
    """Return the number of cleaned-up resources, or None and the error."""
    try:
        return janitor.clean_task(named_cloud(found.cloud, store), store, found.task, tell=progress.print), ""
    except RallycrossError as error:
        return None, str(error)


def _tasks(store: Store, options: argparse.Namespace) -> list[TaskLeftovers]:
    """Return the tasks with something in the ledger, or only the named one."""
    if options.task is None:
        return janitor.task_leftovers(store, cloud=options.cloud)
    uuid = one_uuid(store, options.task)
    task = store.tasks.get(uuid)
    if task is None:
        raise RallycrossError(f"{uuid} is a verification, not a task - ./rallycross results list shows tasks")
    return [janitor.leftovers_of(store, task, alive=False)]
