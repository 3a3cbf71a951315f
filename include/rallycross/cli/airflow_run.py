"""The state of an Airflow run: of its stages from Airflow, of their progress from the results database."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rallycross.cli.airflow.api import AirflowAPI, quoted
from rallycross.results.endings import STOPPED, because, ending_line
from rallycross.results.models import DeploymentRow, TaskRow, VerificationRow, WorkloadRow
from rallycross.results.reference import reference
from rallycross.results.store import Store
from rallycross.verification.test import outcomes
from rallycross.views.wording import duration

STAGES = ("check", "deploy", "verify", "benchmark", "judge", "clean", "report", "destroy", "verdict")
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True)
class StageView:
    """The state of one stage."""

    name: str
    state: str  # Airflow's state; "" = not scheduled yet
    seconds: float | None  # since its start, or from its start to its end
    details: tuple[str, ...] = ()  # lines about its progress


@dataclass(frozen=True)
class RunView:
    """The state of a run at one moment."""

    state: str  # queued, running, success, failed
    stages: tuple[StageView, ...]

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.state in {"success", "failed"}


class AirflowRun:
    """One run of a DAG."""

    def __init__(self, api: AirflowAPI, store: Store, dag_id: str, run_id: str) -> None:
        self._api = api
        self.store = store
        self._path = f"/dags/{quoted(dag_id)}/dagRuns/{quoted(run_id)}"
        self.dag_id = dag_id
        self.run_id = run_id
        self.deployment = reference(dag_id, run_id, "deploy")
        self.verification = reference(dag_id, run_id, "verify")
        self.task = reference(dag_id, run_id, "benchmark")

    @property
    def url(self) -> str:
        """The address of the run in Airflow's UI."""
        return f"{self._api.url}/dags/{quoted(self.dag_id)}/runs/{quoted(self.run_id)}"

    def look(self, now: float) -> RunView:
        """Return its state at `now` (seconds since the epoch)."""
        state = str(self._api.get(self._path)["state"])
        rows = {row["task_id"]: row for row in self._api.get(f"{self._path}/taskInstances")["task_instances"]}
        return RunView(state, tuple(self._stage(name, rows.get(name, {}), now) for name in STAGES))

    def fail(self) -> None:
        """Mark the run failed: running stages are stopped; those that clean up and report still run."""
        self.store.tasks.stop(self.task, because(STOPPED, "Ctrl-C of the command that follows the run"))
        self._api.patch(self._path, {"state": "failed"})

    def xcom(self, stage: str, key: str = "return_value") -> Any:
        """Return a stage's XCom value, or None if there is none."""
        path = f"{self._path}/taskInstances/{stage}/xcomEntries"
        if not any(entry["key"] == key for entry in self._api.get(path)["xcom_entries"]):
            return None
        return self._api.get(f"{path}/{key}?deserialize=true")["value"]

    def _stage(self, name: str, row: dict[str, Any], now: float) -> StageView:
        state, start, end = row.get("state") or "", row.get("start_date"), row.get("end_date")
        seconds = None
        if start:
            ended = datetime.fromisoformat(end).timestamp() if end and state in ENDED else now
            seconds = max(0.0, ended - datetime.fromisoformat(start).timestamp())
        details: tuple[str, ...] = ()
        if name == "deploy" and (deployment := self.store.deployments.get(self.deployment)):
            details = deployment_details(deployment, now)
        elif name == "verify" and (verification := self.store.verifications.get(self.verification)):
            counts = self.store.tests.counts([self.verification])[self.verification]
            statuses = [status for status, count in counts.items() for _ in range(count)]
            details = verification_details(verification, statuses)
        elif name == "benchmark" and (task := self.store.tasks.get(self.task)):
            details = task_details(task)
        return StageView(name, state, seconds, details)


def deployment_details(row: DeploymentRow, now: float) -> tuple[str, ...]:
    """Return the number of steps that are done, and lines about running and failed ones."""
    ended = [step for step in row.steps if step.status in {"done", "skipped"}]
    failed = [step for step in row.steps if step.status == "failed"]
    skipped = sum(step.status == "skipped" for step in ended)
    count = f"{len(ended)}/{max(row.total_steps, len(row.steps))} steps" + (f", {skipped} skipped" if skipped else "")
    running = [step for step in row.steps if step.status == "running"] if row.status == "running" else []
    lines = [f"{step.title or step.name}  {duration(max(0.0, now - step.started_at))}" for step in running]
    lines += [f"FAILED {step.title or step.name}: {_first_line(step.error)}" for step in failed]
    if not failed and row.error:
        lines.append(_first_line(row.error))
    return (count, *lines)


def verification_details(row: VerificationRow, statuses: list[str]) -> tuple[str, ...]:
    """Return the numbers of tests by outcome, and the error, if any."""
    if not row.total and row.status == "running":
        return ("preparing",)
    count = outcomes(Counter(statuses))
    line = f"{len(statuses)}/{row.total} tests, {count['failed']} failed"
    if count["skipped"]:
        line += f", {count['skipped']} skipped"
    return (line, _first_line(row.error)) if row.error else (line,)


def task_details(row: TaskRow) -> tuple[str, ...]:
    """Return a line of progress for each workload that has begun."""
    begun = [workload for workload in row.workloads if workload.status != "init"]
    total = len(row.workloads)
    return tuple(f"{workload.position + 1}/{total} {workload_line(workload)}" for workload in begun)


def workload_line(workload: WorkloadRow) -> str:
    """Return a workload's progress in a line."""
    so_far, words = workload.so_far, [workload.scenario]
    if so_far:
        words.append(f"{so_far.done}/{so_far.total}" if so_far.total else f"{so_far.done}")
        words.append(f"{so_far.rate:.1f}/s" if so_far.rate is not None else "")
        if so_far.p50 is not None and so_far.p95 is not None:
            words.append(f"p50 {duration(so_far.p50)} p95 {duration(so_far.p95)}")
        words.append(f"{so_far.failed} failed")
        if workload.status == "running" and so_far.remaining is not None:
            words.append(f"{duration(so_far.remaining)} left")
    elif workload.status == "running":
        words.append("preparing")
    if workload.status not in {"running", "finished"}:
        words.append(ending_line(workload))
    return "  ".join(word for word in words if word)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
