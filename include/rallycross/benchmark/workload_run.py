"""Runs one workload: contexts, load, clean-up; and stores the outcome."""

import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rallycross.benchmark.job import Job
from rallycross.benchmark.load_monitor import LoadMonitor
from rallycross.benchmark.process_pool import ProcessPool
from rallycross.benchmark.shared_contexts import SharedContexts, Tell
from rallycross.benchmark.supervise import LoadFailed, Supervision
from rallycross.cloud.context_data import ContextData
from rallycross.disk import said
from rallycross.load.load import processes
from rallycross.load.runners import RUNNERS
from rallycross.load_hooks.faults.machine import Machine
from rallycross.load_hooks.hooks import Hooks
from rallycross.load_hooks.target import HookTarget
from rallycross.results.endings import (
    ABORTED_ON_SLA,
    BROKE_OFF,
    KILLED,
    NOT_MEASURED,
    TIMED_OUT,
    because,
)
from rallycross.results.sample_file import SUFFIX
from rallycross.results.store import Store
from rallycross.scenario.scenario import SCENARIOS
from rallycross.secret import shown, shown_text
from rallycross.task.plan import Timing, Workload


@dataclass(frozen=True)
class TaskResources:
    """What the workloads of one task share while they run."""

    # (position in the task, what contexts have made) -> the workload with ids instead of names
    settle: Callable[[int, ContextData], Workload]
    cloud: str  # its name
    machines: Mapping[str, Machine]  # that hooks may break
    store: Store
    contexts: SharedContexts
    pool: ProcessPool
    samples: Path
    timing: Timing
    stop: threading.Event
    stopped_by: Callable[[], str]  # why `stop` was set: a reason of `results.endings`
    drain: float  # seconds that iterations in flight have when the load is stopped
    abort_on_sla_failure: bool
    tell: Tell
    secrets: tuple[str, ...] = field(repr=False)  # of the task; removed from all texts


@dataclass
class _Outcome:
    """How a workload has gone so far."""

    status: Literal["finished", "aborted", "aborted_on_sla", "crashed"] = "finished"
    error: str = ""
    error_detail: str = ""
    load_seconds: float | None = None
    contexts: list[dict[str, Any]] = field(default_factory=list)
    generator: dict[str, Any] = field(default_factory=dict)
    hook_results: list[dict[str, Any]] = field(default_factory=list)

    def crash(self, error: BaseException) -> None:
        """Record the error that ended the workload."""
        self.status = "crashed"
        what = said(error)
        if type(error).__name__ == "AirflowTaskTimeout":  # the core does not import Airflow
            self.error = because(TIMED_OUT, what)
        elif what.startswith(f"{KILLED}:"):
            self.error = what
        else:
            self.error = because(NOT_MEASURED if self.load_seconds is None else BROKE_OFF, what)
        detail = error.detail if isinstance(error, LoadFailed) else ""
        self.error_detail = detail or "".join(traceback.format_exception(error))


def run_workload(shared: TaskResources, workload: Workload, uuid: str) -> None:
    """Run a workload; store its samples and its outcome under `uuid`.

    Any `Exception` becomes the outcome and is not raised. The contexts are cleaned up in any case.
    """
    outcome = _Outcome()
    began = time.monotonic()
    shared.store.workloads.begin(uuid)
    try:
        with shared.contexts.around(workload, uuid, outcome.contexts) as context_data:
            if shared.stop.is_set():
                outcome.status = "aborted"
            else:
                _load(shared, shared.settle(workload.position, context_data), uuid, context_data, outcome)
    except Exception as error:  # noqa: BLE001 - every error is this workload's outcome
        outcome.crash(error)
        shared.tell(f"{workload.scenario} could not be measured: {error}")
    except BaseException as error:
        outcome.crash(error)
        raise
    finally:
        if outcome.status == "aborted":
            outcome.error = shared.stopped_by()
        shared.store.workloads.end(
            uuid,
            status=outcome.status,
            error=shown_text(outcome.error, shared.secrets),
            error_detail=shown_text(outcome.error_detail, shared.secrets),
            load_seconds=outcome.load_seconds,
            full_seconds=time.monotonic() - began,
            contexts=shown(outcome.contexts, shared.secrets),
            generator=outcome.generator,
            hook_results=shown(outcome.hook_results, shared.secrets),
        )


def _load(shared: TaskResources, workload: Workload, uuid: str, context_data: ContextData, outcome: _Outcome) -> None:
    """Drive the load and record in `outcome` how it went, also when this raises."""
    load = RUNNERS[workload.runner].load(workload.runner_args)
    count = processes(load, threads=SCENARIOS[workload.scenario].blocking, cpus=os.cpu_count() or 1)
    target = HookTarget(shared.cloud, uuid, shared.store, shared.machines)
    hooks = Hooks(workload.hooks, target, shared.tell)
    files = [shared.samples / uuid / f"{shard}{SUFFIX}" for shard in range(count)]
    jobs = [
        Job(
            workload=uuid,
            scenario=workload.scenario,
            args=workload.args,
            runner=workload.runner,
            runner_args=workload.runner_args,
            shard=shard,
            of=count,
            context_data=context_data,
            timing=shared.timing,
            samples=str(file),
            watched=hooks.iterations(),
            secrets=shared.secrets,
        )
        for shard, file in enumerate(files)
    ]

    def begun(at: float) -> None:
        hooks.load_began()
        shared.store.workloads.begin_load(uuid, at=at)

    with shared.pool.lend(count) as lent:
        supervision = Supervision(
            processes=lent,
            jobs=jobs,
            load_monitor=LoadMonitor(workload, load, files, shared.timing),
            stop=shared.stop,
            drain=shared.drain,
            show=lambda progress: shared.store.workloads.report_progress(uuid, progress),
            begun=begun,
            started=hooks.started,
            abort_on_sla_failure=shared.abort_on_sla_failure,
        )
        try:
            supervision.run()
        finally:
            outcome.load_seconds = supervision.seconds
            if supervision.missed is not None:
                outcome.hook_results = hooks.close(shared.drain)
            else:
                outcome.hook_results = hooks.close(stop=shared.stop, drain=shared.drain)
            shards = [{"shard": shard, **health} for shard, health in sorted(supervision.health.items())]
            outcome.generator = {"processes": count, "workers": load.workers, "shards": shards}
        if supervision.stopped:
            outcome.status = "aborted"
        elif supervision.missed:
            outcome.status = "aborted_on_sla"
            outcome.error = because(ABORTED_ON_SLA, f"{supervision.missed} can no longer be met")
