"""Results for the pages: runs of every verdict and kind, and names that no page may take for markup."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from rallycross.deployment.step import StepEvent
from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.changes import Change
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.reference import workload_reference
from rallycross.results.store import Store
from rallycross.results.workload_figures import ActionFigures, WorkloadFigures
from rallycross.verification.test import TestResult

NOW = time.time()
EVIL = """<script>alert(1)</script>'"><img src=x onerror=alert(2)>{{ 7 * 7 }}"""
_IDS = UUID("0f0e0d0c-0000-4000-8000-000000000000")
Ending = str  # `passed`, `failed`, `invalid`, `not judged` or `running`


def uuid_of(name: str) -> str:
    """Return the uuid of a made run."""
    return str(uuid5(_IDS, name))


def change(recipe: str, first_task: str, *, what: str = "nova") -> Change:
    """Return a change of a recipe, first seen in a task, where something of the environment changed."""
    return Change(
        cloud="embedded",
        recipe=recipe,
        series=recipe,
        scenario="Authenticate.keystone",
        position=0,
        action="",
        depth=0,
        figure="p50",
        worse=True,
        size=1.0,
        low=0.9,
        high=1.1,
        runs=3,
        first_task=first_task,
        began_at=NOW,
        found_task=first_task,
        environment=[{"what": what, "before": "31", "after": "32"}],
    )


@dataclass
class MadeResults:
    """Fills a store."""

    store: Store

    def task(
        self,
        name: str,
        *,
        ending: Ending = "passed",
        cloud: str = "embedded",
        title: str = "Quickstart",
        tags: tuple[str, ...] = (),
        at: float = NOW - 3600,
        seconds: float = 2.0,
        workloads: int = 1,
        scenario: str = "Authenticate.keystone",
        environment: dict[str, Any] | None = None,
        uuid: str = "",
        progress: Any = None,
    ) -> str:
        """Store a task that ended in a way; return its uuid."""
        uuid = uuid or uuid_of(name)
        rows = [
            self._workload(uuid, position, ending=ending, scenario=scenario, seconds=seconds, progress=progress)
            for position in range(workloads)
        ]
        self.store.tasks.add(
            TaskRow(
                uuid=uuid,
                cloud=cloud,
                title=title,
                description="",
                tags=list(tags),
                source="",
                file="",
                status="running" if ending == "running" else "finished",
                timing="intended",
                environment=environment or {"rallycross": "0.1.0"},
                started_at=at,
                ended_at=None if ending == "running" else at + 60,
                subtasks=[
                    SubtaskRow(
                        task_uuid=uuid, position=0, title=scenario, description="", group="", tags=[], workloads=rows
                    )
                ],
            )
        )
        return uuid

    @staticmethod
    def _workload(
        task: str, position: int, *, ending: Ending, scenario: str, seconds: float, progress: Any
    ) -> WorkloadRow:
        uuid = workload_reference(task, position)
        running = ending == "running"
        row = WorkloadRow(
            uuid=uuid,
            task_uuid=task,
            position=position,
            scenario=scenario,
            description="",
            args={},
            runner="constant",
            runner_args={"times": 100, "concurrency": 2},
            contexts={},
            sla={},
            status="running" if running else "finished",
            started_at=NOW - 30,
            ended_at=None if running else NOW,
            load_began_at=NOW - 20,
            contexts_done=[],
            progress=progress or {},
            passed=None if ending in {"running", "not judged"} else ending == "passed",
            sla_rows=[
                WorkloadSlaRow(criterion="failure_rate", passed=ending != "failed", detail=""),
                *(
                    [WorkloadSlaRow(criterion=INVALID_LOAD, passed=False, detail="too late")]
                    if ending == "invalid"
                    else []
                ),
            ],
        )
        if not running and ending != "not judged":
            total = ActionFigures("total", 100, 0, p50=seconds, p95=2 * seconds, avg=seconds, std=0.1 * seconds)
            actions = (ActionFigures("keystone.sign_in", 100, 0, p50=seconds / 2, p95=seconds, avg=seconds / 2),)
            row.figures = WorkloadFigures(count=100, seconds=60, throughput=1.6, total=total, actions=actions)
        return row

    def verification(self, name: str, *, cloud: str = "embedded", failing: bool = False, at: float = NOW - 7200) -> str:
        """Store a verification; return its uuid."""
        uuid = uuid_of(name)
        tests = [TestResult("tempest.api.first", "success", at, 1.0)]
        tests += [TestResult("tempest.api.second", "fail", at, 1.0, traceback="no")] if failing else []
        self.store.verifications.add(uuid, cloud=cloud, chosen="quick", tests=tests, environment={})
        return uuid

    def deployment(self, name: str, *, cloud: str = "embedded", error: str = "") -> str:
        """Store a deployment; return its uuid."""
        uuid = uuid_of(name)
        self.store.deployments.begin(uuid, cloud=cloud, engine="embedded", spec="", total_steps=2)
        self.store.deployments.record_step(uuid, StepEvent("keystone", "Keystone", "done", NOW, 3.0))
        self.store.deployments.end(uuid, status="failed" if error else "finished", error=error)
        return uuid
