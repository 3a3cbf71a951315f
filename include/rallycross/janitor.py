"""Finds and deletes what dead runs have left in a cloud: by the ledger, and by the names of what no ledger has.

The command `clean` and the DAG `janitor` use it, and show the results in their own ways.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rallycross.benchmark import task_run
from rallycross.benchmark.shared_contexts import Tell
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.naming import BEGINNINGS
from rallycross.judging.judge import judge
from rallycross.leftovers import by_name
from rallycross.leftovers.by_name import FoundByName, Named
from rallycross.leftovers.draining import Leftover
from rallycross.results.heartbeat import BEAT_SECONDS
from rallycross.results.models import TaskRow
from rallycross.results.stop_note import why_ended
from rallycross.results.store import Store
from rallycross.safe_logging import logger
from rallycross.settings import settings

_log = logger(__name__)

_SECOND_LOOK = 3 * BEAT_SECONDS  # after which the process of a task that seemed dead must not have given a sign of life


@dataclass(frozen=True)
class TaskLeftovers:
    """What the ledger has of one task."""

    cloud: str
    task: str  # its uuid
    alive: bool  # whether its process seems to be alive
    standing: tuple[tuple[str, str], ...]  # kinds and names


def task_leftovers(store: Store, *, cloud: str | None = None) -> list[TaskLeftovers]:
    """Return what the ledger has of each task (in one cloud)."""
    found: dict[str, TaskRow] = {}
    for where, owner in store.ledger.owners():
        task = store.tasks.of(owner)  # entries of deployments have owners that are not tasks
        if task is not None and cloud in {None, where}:
            found[task.uuid] = task
    alive = alive_tasks(store) if found else frozenset()
    return [leftovers_of(store, task, alive=task.uuid in alive) for task in found.values()]


def leftovers_of(store: Store, task: TaskRow, *, alive: bool) -> TaskLeftovers:
    """Return what the ledger has of a task."""
    standing = task_run.standing(store, task.cloud, task.uuid)
    return TaskLeftovers(task.cloud, task.uuid, alive, tuple((row.kind, row.name) for row in standing))


def clean_task(cloud: Cloud, store: Store, uuid: str, *, tell: Tell = _log.info) -> int:
    """Delete what the ledger has of a task; return how many things. Raise `LeftBehind` if something remains.

    If the process that ran the task has died, the task ends as crashed.
    """
    row = store.tasks.get(uuid)
    if row is not None and row.status == "running" and uuid not in alive_tasks(store):
        _end(store, row)
        tell(f"task {uuid}: {why_ended(row)}")
    return task_run.clean(cloud, store, uuid=uuid, tell=tell)


def _end(store: Store, row: TaskRow) -> None:
    """End a task whose process is dead. It is judged by the samples that it left, if this machine has them."""
    loads = [workload.uuid for workload in row.workloads if workload.load_began_at is not None]
    if all((settings().samples / uuid).is_dir() for uuid in loads):
        judge(store, row.uuid)
    else:
        task_run.end_interrupted(store, row)


def alive_tasks(store: Store) -> frozenset[str]:
    """Return the uuids of the running tasks whose processes seem to be alive.

    A process is dead if it has given no sign of life for `RALLYCROSS_DEAD_AFTER` seconds, nor between two looks at it:
    the clocks of two machines may differ, and the database may have been unavailable. A task of an earlier version,
    whose process gives no signs of life, seems to be alive.
    """
    rows = _running(store)
    silent = {row.uuid: row.beat_at for row in rows if _is_silent(row)}
    if silent:
        time.sleep(_SECOND_LOOK)
        again = {row.uuid: row.beat_at for row in _running(store)}
        silent = {uuid: beat for uuid, beat in silent.items() if again.get(uuid, beat) == beat}
    return frozenset(row.uuid for row in rows) - silent.keys()


def _running(store: Store) -> list[TaskRow]:
    return [row for uuid in store.tasks.running() if (row := store.tasks.get(uuid))]


def _is_silent(row: TaskRow) -> bool:
    return row.beat_at is not None and time.time() - row.beat_at > settings().dead_after


def find_by_name(
    cloud: Cloud, store: Store, *, older_than: float = 0.0, beginnings: Collection[str] = tuple(BEGINNINGS)
) -> FoundByName:
    """Return what in a cloud has a name that only runs give, and is of no run that is alive in this store.

    `older_than`: leave out the things of runs that have made something in the last so many minutes; `beginnings`:
    of names, which of `naming.BEGINNINGS` to look for.
    """
    api = Api(cloud.connect())
    if not api.administers:
        why = f"{cloud.name}: its user is not an administrator, so only the ledger says what runs have left there"
        return FoundByName([], [], why)
    found = by_name.find(api, beginnings)
    # Asked after the search, so that nothing that it found is of a run that has begun meanwhile.
    alive = [row for uuid in alive_tasks(store) if (row := store.tasks.get(uuid))]
    owners = [owner for row in alive for owner in (row.uuid, *(workload.uuid for workload in row.workloads))]
    things = by_name.not_of(found.things, owners)
    if older_than:
        things = by_name.idle(things, datetime.now(UTC) - timedelta(minutes=older_than))
    return replace(found, things=things)


def delete_by_name(things: Sequence[Named]) -> tuple[int, list[Leftover]]:
    """Delete things that were found by name; return how many are gone, and what could not be deleted."""
    found: dict[tuple[str, str], Leftover] = {}  # what is in a project that was found may also have been found itself
    for one in by_name.delete(things).left:
        found.setdefault((one.kind, one.id), one)
    left = list(found.values())
    there = {known for one in left for known in (one.id, one.project)}  # a project stays with what is in it
    return len({one.id for one in things} - there), left
