"""Runs a task: its subtasks one after another, and the workloads of a subtask in sequence or in parallel."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from rallycross.benchmark.environment import environment
from rallycross.benchmark.process_pool import ProcessPool
from rallycross.benchmark.shared_contexts import SharedContexts, Tell
from rallycross.benchmark.workload_run import TaskResources, run_workload
from rallycross.cloud import registered
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import ContextData
from rallycross.cloud.facts import CloudFacts
from rallycross.cloud.inventory import facts
from rallycross.context import cleaning
from rallycross.context.context import CONTEXTS
from rallycross.context.ledger import OwnedLedger
from rallycross.deployment import load_spec
from rallycross.errors import InvalidInput
from rallycross.load_hooks.action import ACTIONS
from rallycross.load_hooks.faults.fault_ledger import undo_faults
from rallycross.load_hooks.faults.machine import Machine, machines_of
from rallycross.printable import printable
from rallycross.results.concurrent_loads import concurrent_loads, load_is_running
from rallycross.results.endings import STOPPED, because
from rallycross.results.heartbeat import beating
from rallycross.results.models import LedgerRow, TaskRow
from rallycross.results.stop_note import why_ended
from rallycross.results.store import Store
from rallycross.safe_logging import logger
from rallycross.scenario.scenario import SCENARIOS
from rallycross.secret import shown_text
from rallycross.settings import settings
from rallycross.task.checks import check, check_alone, kinds, resolve, unsettled
from rallycross.task.known import Known
from rallycross.task.plan import Subtask, Task, Workload

DRAIN = 3.0  # seconds for iterations in flight when a load is stopped: Airflow kills a process after 5

_BY_HAND = because(STOPPED, "it was told to stop")

_log = logger(__name__)


def run(
    task: Task,
    cloud: Cloud,
    store: Store,
    *,
    uuid: str,
    samples: Path,
    stop: threading.Event,
    drain: float = DRAIN,
    abort_on_sla_failure: bool = False,
    tell: Tell = _log.info,
) -> None:
    """Run a task as `uuid`; write samples to files below `samples`, and everything else to the store.

    Raise `InvalidInput`, before any load, when the cloud lacks something that the task names. An error in one workload
    is that workload's outcome. When `stop` is set, no further iteration begins, those in flight have `drain` seconds to
    end, the contexts are cleaned up, and the task ends as aborted. With `abort_on_sla_failure` a workload is stopped
    as soon as it can no longer meet one of its criteria, and the task continues with the next workload.

    A task that has begun before is not run again. If its process died in the middle, its leftovers are deleted and the
    task ends as crashed.
    """
    if store.tasks.get(uuid) is not None:
        _close_interrupted(cloud, store, uuid, tell)
        return
    tell = _redacting(tell, task)
    with ProcessPool() as pool:  # its first process starts while the cloud is asked for its facts
        known = _known()
        wanted = kinds(task, known)
        there = CloudFacts(cloud.name, frozenset()) if cloud.is_none else facts(cloud, wanted)
        if complaints := check_alone(task, known) if cloud.is_none else check(task, there, known):
            raise InvalidInput(complaints)
        hooks = [hook for workload in task.workloads for hook in workload.hooks]
        machines = _machines(cloud, store) if any(ACTIONS[hook.action].on_machines for hook in hooks) else {}
        connection = None if cloud.is_none else cloud.connect()
        uuids = store.tasks.begin(
            uuid,
            cloud=cloud.name,
            task=task,
            environment=environment(task, cloud, there, known, store=store, connection=connection),
        )
        _warn_of_running_loads(store, uuid, tell)

        def settle(position: int, context_data: ContextData) -> Workload:
            """Return a workload with ids instead of names, also for things that its contexts have just made."""
            workload = task.workloads[position]
            if not unsettled(workload, there, known):
                return resolve(workload, task, there, known)
            who = context_data.users[0].cloud if context_data.users else cloud
            return resolve(workload, task, facts(who, wanted, own=True), known, contexts_stand=True)

        with (
            beating(lambda: store.tasks.beat(uuid), name="task-beat"),
            closing(SharedContexts(cloud, connection, store, uuid, task.workloads, tell)) as contexts,
        ):
            shared = TaskResources(
                settle,
                cloud.name,
                machines,
                store,
                contexts,
                pool,
                samples,
                task.timing,
                stop,
                lambda: _stop_reason(store, uuid),
                drain,
                abort_on_sla_failure,
                tell,
                task.secrets,
            )

            def one(position: int) -> None:
                if not stop.is_set():
                    workload = task.workloads[position]
                    tell(f"workload {position + 1} of {len(uuids)}: {workload.scenario}")
                    run_workload(shared, workload, uuids[position])

            for subtask in task.subtasks:
                _run_subtask(subtask, one, stop)
    store.tasks.end(uuid, status="aborted" if stop.is_set() else "finished")
    _warn_of_concurrent_loads(store, uuid, tell)


def _warn_of_running_loads(store: Store, uuid: str, tell: Tell) -> None:
    """Before a load, warn of others that run on the same cloud and will affect its figures."""
    for other in store.tasks.concurrent_with(uuid):
        if load_is_running(other, time.time()):
            tell(f"warning: another load runs on {other.cloud}: {other.title}, task {other.uuid}")


def _warn_of_concurrent_loads(store: Store, uuid: str, tell: Tell) -> None:
    """After a load, warn of others that overlapped it, also those that began later."""
    row = store.tasks.get(uuid)
    for other in concurrent_loads(row, store.tasks.concurrent_with(uuid)) if row else ():
        tell(f"warning: {other}")


def _redacting(tell: Tell, task: Task) -> Tell:
    """Return `tell` with the task's secrets removed from each text: an error of the cloud may quote them."""
    secrets = task.secrets
    return lambda text: tell(printable(shown_text(text, secrets)))


def _run_subtask(subtask: Subtask, run_one: Callable[[int], None], stop: threading.Event) -> None:
    positions = [workload.position for workload in subtask.workloads]
    if not subtask.run_in_parallel:
        for position in positions:
            run_one(position)
        return
    with ThreadPoolExecutor(max(1, len(positions)), thread_name_prefix="workload") as threads:
        try:
            for future in [threads.submit(run_one, position) for position in positions]:
                future.result()
        except BaseException:  # an interrupt, or Airflow's time-out: the other workloads must stop
            stop.set()
            raise


def standing(store: Store, cloud: str, uuid: str) -> list[LedgerRow]:
    """Return the ledger rows of a task: what it may have left in the cloud, and faults that are not undone."""
    row = store.tasks.get(uuid)
    owners = [uuid, *(workload.uuid for workload in row.workloads if row)] if row else [uuid]
    return [one for owner in owners for one in store.ledger.standing(cloud, owner)]


def clean(cloud: Cloud, store: Store, *, uuid: str, tell: Tell = _log.info) -> int:
    """Undo the faults that a task's hooks made, then delete everything that the ledger has for the task.

    Things whose id is unknown are looked for by name. That happens once, after the cloud has had time to finish the
    last requests, since a row is dropped when nothing is found. Return the number of rows; raise `LeftBehind` with all
    that could not be undone or deleted.
    """
    count, left, deleted = len(standing(store, cloud.name, uuid)), list[str](), Counter[str]()
    row = store.tasks.get(uuid)
    for workload in row.workloads if row else ():
        left += undo_faults(store, cloud.name, workload.uuid).values()
    ledger = OwnedLedger(store, cloud.name, uuid)
    try:
        if rows := ledger.standing():
            _wait_for_last_requests(row, rows, tell)
            cleaning.clean(cloud.connect(), ledger, users=cloud.users)
    except cleaning.LeftBehind as error:
        left.append(str(error))
        deleted = error.deleted
    if left:
        raise cleaning.LeftBehind("\n".join(left), deleted)
    return count


def _wait_for_last_requests(task: TaskRow | None, rows: Sequence[LedgerRow], tell: Tell) -> None:
    """Wait until the cloud can no longer create anything whose id the ledger does not have."""
    since = time.time() - task.ended_at if task and task.ended_at else 0.0
    if since < (settle := settings().cut_patience) and any(row.resource_id is None for row in rows):
        tell(f"waiting {settle - since:.0f} s for the cloud to finish the last requests")
        time.sleep(settle - since)


def _close_interrupted(cloud: Cloud, store: Store, uuid: str, tell: Tell) -> None:
    """Close a task whose process has died, and clean up after it."""
    row = store.tasks.get(uuid)
    if row is None or row.status != "running":
        tell("this task has already run and its results are kept - start a new run to run it again")
        return
    tell(f"{end_interrupted(store, row)}; deleting its leftovers in the cloud")
    clean(cloud, store, uuid=uuid, tell=tell)


def end_interrupted(store: Store, row: TaskRow) -> str:
    """Store that a running task ended, since its process has died; return the reason. Its samples are kept."""
    reason = why_ended(row)
    for workload in row.workloads:
        if workload.status == "running":
            store.workloads.end(
                workload.uuid,
                status="crashed",
                error=reason,
                contexts=workload.contexts_done,
                generator=workload.generator,
            )
    store.tasks.end(row.uuid, status="crashed")
    return reason


def _stop_reason(store: Store, uuid: str) -> str:
    row = store.tasks.get(uuid)
    return (row.stop_reason if row else "") or _BY_HAND


def _known() -> Known:
    """Return all scenarios and contexts; the rest of the task was checked when it was read."""
    return Known(
        scenarios={name: scenario.signature for name, scenario in SCENARIOS.all.items()},
        runners={},
        contexts={name: context.signature for name, context in CONTEXTS.all.items()},
        sla={},
    )


def _machines(cloud: Cloud, store: Store) -> dict[str, Machine]:
    """Return the machines that hooks may break: the nodes of a cloud of this checkout, or the hosts in its spec."""
    row = store.clouds.get(cloud.name)
    spec = registered.spec_beside(Path(row.clouds_yaml), cloud.name) if row else None
    if row is None or spec is None:
        return {}
    known_hosts = registered.known_hosts_beside(Path(row.clouds_yaml), cloud.name)
    return machines_of(load_spec(spec, file=f"the spec of {cloud.name}"), row.root, row.nodes, known_hosts=known_hosts)
