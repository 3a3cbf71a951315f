"""Makes histories of a recipe in a store, for the tests of what reads them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rallycross.results.reference import reference
from rallycross.results.sla_row import SlaRow
from rallycross.results.store import Store
from rallycross.results.workload_figures import ActionFigures, WorkloadFigures
from rallycross.task.plan import Subtask, Task, Timing, Workload

SCENARIO = "Authenticate.keystone"


def figures(seconds: float, *, failed: int = 0, throughput: float | None = None) -> WorkloadFigures:
    """Return figures of a workload of one action; a noise of their own keeps p95 and throughput from being constant."""
    durations = {"min": seconds / 2, "p50": seconds, "p95": seconds * 2, "max": seconds * 3}
    return WorkloadFigures(
        count=100,
        failed=failed,
        seconds=100 * seconds,
        throughput=1 / seconds if throughput is None else throughput,
        total=ActionFigures("total", count=100, failed=failed, **durations),
        actions=(ActionFigures("keystone.authenticate", count=100, failed=failed, **durations),),
    )


def add_run(
    store: Store,
    name: str,
    made: WorkloadFigures,
    *,
    cloud: str = "c",
    title: str = "Nightly",
    tags: Sequence[str] = ("recipe:nightly",),
    environment: dict[str, Any] | None = None,
    status: Any = "finished",
    sla: Sequence[SlaRow] = (),
    concurrency: int = 2,
    timing: Timing = "intended",
) -> str:
    """Store a judged run; return its uuid."""
    uuid = reference("made", name, "benchmark")
    workload = Workload(0, SCENARIO, {}, "constant", {"times": 100, "concurrency": concurrency}, {}, {})
    task = Task(title, (Subtask(title, (workload,)),), tags=tuple(tags), timing=timing)
    [workload_uuid] = store.tasks.begin(uuid, cloud=cloud, task=task, environment=environment or {}).values()
    store.workloads.end(workload_uuid, status="finished")
    store.workloads.save_judgement(workload_uuid, figures=made, sla=sla, passed=not sla)
    store.tasks.end(uuid, status=status)
    return uuid


def durations(runs: int, *, step_at: int | None = None, factor: float = 1.0, seed: int = 4) -> list[float]:
    """Return medians of 0.1 s with 3 % of noise, `factor` times as long from the run `step_at` on."""
    values = 0.1 * (1 + np.random.default_rng(seed).normal(0, 0.03, runs))
    if step_at is not None:
        values[step_at:] *= factor
    return [float(value) for value in values]
