"""Runs with known figures in a results database, to be compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.models import TaskRow
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Timing, Workload

BOOT = "NovaServers.boot_and_delete_server"
LIST = "NovaServers.list_servers"


@dataclass(frozen=True)
class Load:
    """A workload of a run: 4 workers, whose iterations boot (80 % of the time) and delete."""

    scenario: str = BOOT
    slower: float = 1.0
    boot_slower: float = 1.0
    count: int = 400
    failing: float = 0.0
    args: Mapping[str, Any] = field(default_factory=lambda: {"flavor": {"name": "m1.tiny"}})
    concurrency: int = 4
    lost_seconds: float = 0.0  # of the load process, which makes the load invalid
    due_every: float | None = None  # seconds, for a load with a pace


@dataclass(frozen=True)
class ComparableRuns:
    """A store with runs, and their samples."""

    store: Store
    samples: Path

    def add(
        self,
        number: int,
        *loads: Load,
        title: str = "Boot",
        cloud: str = "mine",
        tags: tuple[str, ...] = (),
        timing: Timing = "intended",
        environment: Mapping[str, Any] | None = None,
        ended: bool = True,
    ) -> TaskRow:
        """Store and judge a run; `number` is the first part of its uuid, and the seed of its durations."""
        uuid = f"{number:08}-0000-4000-8000-000000000000"
        workloads = tuple(
            Workload(
                position,
                load.scenario,
                dict(load.args),
                "constant",
                {"times": load.count, "concurrency": load.concurrency},
                {},
                {"failure_rate": {"max": 50}},
            )
            for position, load in enumerate(loads)
        )
        task = Task(title, (Subtask(title, workloads),), tags=tags, timing=timing)
        uuids = self.store.tasks.begin(uuid, cloud=cloud, task=task, environment=dict(environment or {}))
        for position, load in enumerate(loads):
            self.store.workloads.begin(uuids[position])
            chance = np.random.default_rng([number, position])
            seconds = _write(load, self.samples / uuids[position] / "0.arrows", chance)
            shard = {"shard": 0, "seconds": seconds, "lost_seconds": load.lost_seconds, "lag_max": load.lost_seconds}
            self.store.workloads.end(
                uuids[position],
                status="finished",
                load_seconds=seconds,
                full_seconds=seconds,
                generator={"processes": 1, "workers": load.concurrency, "shards": [shard]},
            )
        if ended:
            self.store.tasks.end(uuid, status="finished")
            judge(self.store, uuid, samples=self.samples)
        row = self.store.tasks.get(uuid)
        if row is None:
            raise LookupError(uuid)
        return row


def _write(load: Load, path: Path, chance: np.random.Generator) -> float:
    """Write the samples of a load; return its length."""
    writer, free = SampleWriter(path), [0.0] * load.concurrency
    for number in range(load.count):
        worker = free.index(min(free))
        due = None if load.due_every is None else number * load.due_every
        started = free[worker] if due is None else max(due, free[worker])
        boot, delete = (float(chance.lognormal(np.log(typical), 0.15)) for typical in (0.4, 0.1))
        booted = started + boot * load.slower * load.boot_slower
        ended = booted + delete * load.slower
        failure = Failure("Boom", "it broke") if chance.random() < load.failing else None
        actions = [Action("nova.boot_server", 0, started, booted), Action("nova.delete_server", 0, booted, ended)]
        writer.add(Sample(number, 0, due, started, ended, failure=failure, actions=actions))
        free[worker] = ended
    writer.close()
    return max(free)
