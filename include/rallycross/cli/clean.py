"""Delete what runs that died have left in clouds, and mend what their hooks had broken: by the ledger.

Runs that are still going on are left alone: name them by --task to clean up after one whose process is gone.
"""

import argparse

from rallycross import benchmark
from rallycross.cli.console import console
from rallycross.cli.named_cloud import named_cloud
from rallycross.errors import RallycrossError
from rallycross.results.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--cloud", metavar="NAME", help="what stands in this cloud (default: in any)")
    parser.add_argument("--task", metavar="UUID", help="what this task has left, also if it seems to be going on")
    parser.add_argument("--dry-run", action="store_true", help="say what stands, and delete nothing")


def run(options: argparse.Namespace) -> int:
    """Clean up after each task of which something stands; 1 when something could not be deleted."""
    store = Store.open()
    left = 0
    for cloud_name, owner in _owners(store, options):
        rows = store.standing(cloud_name, owner)
        for row in rows:
            console.print(f"{cloud_name}  task {owner}  {row.kind}  {row.name}")
        if options.dry_run:
            continue
        try:
            count = benchmark.clean(named_cloud(cloud_name, store), store, uuid=owner)
        except RallycrossError as error:
            console.print(str(error))
            left += 1
        else:
            console.print(f"{cloud_name}  task {owner}  {count} deleted")
    return 1 if left else 0


def _owners(store: Store, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return cloud and task of what is to be cleaned."""
    if options.task:
        task = store.task(options.task)
        if task is None:
            raise RallycrossError(f"there is no task {options.task} - see ./rallycross results list")
        return [(task.cloud, task.uuid)]
    found = []
    for cloud, owner in store.owners():
        task = store.task(owner)
        if options.cloud in {None, cloud} and task is not None and task.status != "running":
            found.append((cloud, owner))
    return found
