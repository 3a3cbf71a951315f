"""Delete what killed runs have left in clouds, and undo the faults of their hooks, by the ledger.

A task that seems to be running is only listed. If its process is gone, clean up after it with --task UUID.

With --cloud, also look for what the ledger does not have: things named as Rallycross and Rally name theirs
(s_rally_..., c_rally_...), left by dead runs of other checkouts, or by Rally. They are shown by kind, age and owner,
and deleted if you agree. Nothing with another name is touched, and nothing of a task that runs in this checkout.
"""

import argparse
from typing import Any

from rallycross.benchmark import task_run
from rallycross.cli.clean_by_name import clean_by_name
from rallycross.cli.console import console, print_json, progress
from rallycross.cli.named_cloud import check_name, cloud_with_entry, named_cloud
from rallycross.cli.parser import add_json, number
from rallycross.cloud.cloud import NO_CLOUD
from rallycross.errors import RallycrossError
from rallycross.results.models import TaskRow
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
    for task in _tasks(store, options):
        standing = [{"kind": row.kind, "name": row.name} for row in task_run.standing(store, task.cloud, task.uuid)]
        running = task.status == "running" and not options.task
        one = {"cloud": task.cloud, "task": task.uuid, "seems_running": running, "standing": standing}
        if not options.json:
            _print_standing(one)
        cleaned, error = (None, "") if running or options.dry_run else _clean(store, task)
        tasks.append({**one, "cleaned": cleaned, "error": error})
        if not options.json and (error or cleaned is not None):
            console.print(error or f"{task.cloud}  task {task.uuid}  {cleaned} cleaned up")
    named = _by_name(store, options)
    if options.json:
        print_json({"tasks": tasks, "by_name": named})
    elif not tasks and not (named and named["things"]):
        console.print("nothing to clean up")
    return 1 if any(one["error"] for one in tasks) or (named and named["errors"]) else 0


def _by_name(store: Store, options: argparse.Namespace) -> dict[str, Any] | None:
    """Look by name in the cloud that is named; return what came of it."""
    if options.task or options.cloud in {None, NO_CLOUD.name}:
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
        console.print(f"  it seems to be running; if its process is gone, run: ./rallycross clean --task {one['task']}")


def _clean(store: Store, task: TaskRow) -> tuple[int | None, str]:
    """Return the number of cleaned-up resources, or None and the error."""
    try:
        return task_run.clean(named_cloud(task.cloud, store), store, uuid=task.uuid, tell=progress.print), ""
    except RallycrossError as error:
        return None, str(error)


def _tasks(store: Store, options: argparse.Namespace) -> list[TaskRow]:
    """Return the tasks with something in the ledger, or only the named one."""
    if options.task:
        task = store.tasks.get(options.task)
        if task is None:
            raise RallycrossError(f"there is no task {options.task} - see ./rallycross results list")
        return [task]
    found = {}
    for cloud, owner in store.ledger.owners():
        task = store.tasks.of(owner)  # entries of deployments have owners that are not tasks
        if task is not None and options.cloud in {None, cloud}:
            found[task.uuid] = task
    return list(found.values())
