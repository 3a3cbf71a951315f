"""Everything in the store about one run, for the reports."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rallycross.judging.verdict import Verdict, problems_beside, verdict, with_problems
from rallycross.results.concurrent_loads import ConcurrentLoad, concurrent_loads
from rallycross.results.figure_damage import mark_damaged_figures
from rallycross.results.models import CloudRow, DeploymentRow, TaskRow, TestRow, VerificationRow
from rallycross.results.sample_damage import mark_damage
from rallycross.results.store import Store


@dataclass(frozen=True)
class RunResults:
    """A run's stages. A stage that was not requested has no uuid; one that never began has no row."""

    title: str
    cloud: CloudRow | None
    deployment_uuid: str | None
    deployment: DeploymentRow | None
    verification_uuid: str | None
    verification: VerificationRow | None
    tests: list[TestRow]
    task_uuid: str | None
    task: TaskRow | None
    samples: Path  # folder of the sample files
    verdict: Verdict
    logs: Mapping[str, str]  # stage -> address of its log in Airflow; empty for a run without Airflow
    problems: dict[str, list[str]]  # failed stage -> lines with the reason, if nothing else has it
    concurrent_loads: list[ConcurrentLoad]  # other loads on the same cloud at the same time
    written_at: float  # seconds since the epoch

    @property
    def cloud_name(self) -> str:
        """The cloud under test."""
        return next((row.cloud for row in (self.task, self.verification, self.deployment) if row), "")

    @property
    def started_at(self) -> float | None:
        """Start of the first stage."""
        return min((row.started_at for row in (self.deployment, self.verification, self.task) if row), default=None)

    @property
    def ended_at(self) -> float | None:
        """End of the last stage; None while one is running."""
        rows = [row for row in (self.deployment, self.verification, self.task) if row]
        ends = [row.ended_at for row in rows if row.ended_at is not None]
        return max(ends) if ends and len(ends) == len(rows) else None


def gather(
    store: Store,
    *,
    deployment: str | None,
    verification: str | None,
    task: str | None,
    samples: Path,
    title: str = "",
    problems: Mapping[str, str] | None = None,
    logs: Mapping[str, str] | None = None,
) -> RunResults:
    """Read a run by the uuids of its stages; None is a stage that was not requested.

    `problems` are failed stages with their messages; the verdict lists them before all other reasons.
    """
    deployment_row = store.deployments.get(deployment) if deployment else None
    verification_row = store.verifications.get(verification) if verification else None
    task_row = store.tasks.get(task) if task else None
    if task_row is not None:
        mark_damage(task_row, samples)
        mark_damaged_figures(task_row)
    names = [row.cloud for row in (task_row, verification_row, deployment_row) if row]
    found = verdict(store, deployment=deployment, verification=verification, task=task, samples=samples)
    return RunResults(
        title=title
        or (task_row.title if task_row else "")
        or (names[0] if names else "")
        or "A run that did not begin",
        cloud=store.clouds.get(names[0]) if names else None,
        deployment_uuid=deployment,
        deployment=deployment_row,
        verification_uuid=verification,
        verification=verification_row,
        tests=store.tests.of(verification) if verification else [],
        task_uuid=task,
        task=task_row,
        samples=samples,
        verdict=with_problems(found, problems or {}),
        logs=logs or {},
        problems=problems_beside(found, problems or {}),
        concurrent_loads=list(concurrent_loads(task_row, store.tasks.concurrent_with(task_row.uuid)))
        if task_row
        else [],
        written_at=time.time(),
    )
