"""Delete what runs that died have left in clouds, and mend what their hooks had broken: by the ledger.

A run that seems to be going on is left alone, and named: clean up after one whose process is gone by --task UUID.
"""

import argparse

from rallycross import benchmark
from rallycross.cli.console import console, progress
from rallycross.cli.named_cloud import check_name, named_cloud
from rallycross.errors import RallycrossError
from rallycross.results.models import TaskRow
from rallycross.results.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--cloud", metavar="NAME", help="what stands in this cloud (default: in any)")
    parser.add_argument("--task", metavar="UUID", help="what this task has left, also if it seems to be going on")
    parser.add_argument("--dry-run", action="store_true", help="say what stands, and delete nothing")


def run(options: argparse.Namespace) -> int:
    """Clean up after each task of which something stands; 1 when something could not be deleted."""
    store = Store.open()
    check_name(options.cloud, store)
    tasks = _tasks(store, options)
    left = 0
    for task in tasks:
        for row in benchmark.standing(store, task.cloud, task.uuid):
            console.print(f"{task.cloud}  task {task.uuid}  {row.kind}  {row.name}")
        if task.status == "running" and not options.task:
            console.print(f"  it seems to be going on; if its process is gone: ./rallycross clean --task {task.uuid}")
        elif not options.dry_run:
            left += _clean(store, task)
    if not tasks:
        console.print("nothing stands")
    return 1 if left else 0


def _clean(store: Store, task: TaskRow) -> int:
    try:
        count = benchmark.clean(named_cloud(task.cloud, store), store, uuid=task.uuid, tell=progress.print)
    except RallycrossError as error:
        console.print(str(error))
        return 1
    console.print(f"{task.cloud}  task {task.uuid}  {count} cleaned up")
    return 0


def _tasks(store: Store, options: argparse.Namespace) -> list[TaskRow]:
    """Return the tasks of which something stands, or the one that is named."""
    if options.task:
        task = store.tasks.get(options.task)
        if task is None:
            raise RallycrossError(f"there is no task {options.task} - see ./rallycross results list")
        return [task]
    found = {}
    for cloud, owner in store.ledger.owners():
        task = store.tasks.of(owner)  # what clouds were deployed with has owners that are no tasks
        if task is not None and options.cloud in {None, cloud}:
            found[task.uuid] = task
    return list(found.values())
