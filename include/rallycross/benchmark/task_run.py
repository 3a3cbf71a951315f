"""Runs a task: its workloads, one after another."""

import logging
import os
import platform
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rallycross.benchmark.workload_run import Stage, Tell, run_workload
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.inventory import facts
from rallycross.contexts import cleaning
from rallycross.contexts.ledger import OwnedLedger
from rallycross.errors import InvalidInput
from rallycross.results.store import Store
from rallycross.scenarios.scenario import SCENARIOS
from rallycross.task.checks import check, kinds, resolve
from rallycross.task.plan import Task

_INTERRUPTED = "the process that drove the load died; what it had measured is kept"

_log = logging.getLogger(__name__)


def run(
    task: Task,
    cloud: Cloud,
    store: Store,
    *,
    uuid: str,
    samples: Path,
    stop: threading.Event,
    tell: Tell = _log.info,
) -> None:
    """Run a task as `uuid`: samples go to files below `samples`, all else to the store.

    Raise `InvalidInput`, before any load, when the cloud lacks what the task names. What goes wrong in one workload is
    that workload's result. When `stop` is set, the iterations in flight are cut short, what was made is deleted, and
    the task ends as aborted.

    A task that was begun before is not run again: where the process before has died in the middle of it, what it has
    left is deleted and the task ends as crashed.
    """
    if store.task(uuid) is not None:
        _close_interrupted(cloud, store, uuid, tell)
        return
    scenarios = {name: scenario.signature for name, scenario in SCENARIOS.all.items()}
    there = facts(cloud, kinds(task, scenarios))
    if complaints := check(task, there, scenarios):
        raise InvalidInput(complaints)
    uuids = store.begin_task(uuid, cloud=cloud.name, task=task, environment=_environment())
    stage = Stage(cloud, cloud.connect(), store, uuid, samples, stop, tell)
    for workload in task.workloads:
        if stop.is_set():
            break
        tell(f"workload {workload.position + 1} of {len(task.workloads)}: {workload.scenario}")
        run_workload(stage, resolve(workload, task, there, scenarios[workload.scenario]), uuids[workload.position])
    store.end_task(uuid, status="aborted" if stop.is_set() else "finished")


def clean(cloud: Cloud, store: Store, *, uuid: str) -> int:
    """Delete what the ledger says still stands for a task; return how many things. Raise `LeftBehind`."""
    ledger = OwnedLedger(store, cloud.name, uuid)
    return cleaning.clean(cloud.connect(), ledger, users=cloud.users) if ledger.standing() else 0


def _close_interrupted(cloud: Cloud, store: Store, uuid: str, tell: Tell) -> None:
    """Close what a process that died has left open."""
    row = store.task(uuid)
    if row is None or row.status != "running":
        tell("this task has been run already: its results stand, and running it anew is a new run")
        return
    tell(f"{_INTERRUPTED}; deleting what it has left in the cloud")
    for workload in row.workloads:
        if workload.status == "running":
            store.end_workload(workload.uuid, status="crashed", error=_INTERRUPTED)
    store.end_task(uuid, status="crashed")
    clean(cloud, store, uuid=uuid)


def _environment() -> dict[str, Any]:
    """Return what the report says of the machine that drove the load."""
    return {
        "rallycross": version("rallycross"),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "cpus": os.cpu_count(),
    }
