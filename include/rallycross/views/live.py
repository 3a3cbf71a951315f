"""How far a run is, while it runs: its stages, and the figures of its loads so far."""

from dataclasses import dataclass

from rallycross.load.runners import RUNNERS
from rallycross.results.endings import ending_line
from rallycross.results.models import DeploymentRow, StepRow, TaskRow, VerificationRow, WorkloadRow
from rallycross.results.progress_report import ProgressReport
from rallycross.results.reference import StageName, reference
from rallycross.results.store import Store
from rallycross.verification.test import Outcome, outcomes
from rallycross.views.history import verdict_word
from rallycross.views.schedule import Facts, schedule_facts

_FAILED_NAMED = 10  # failed tests that are named while a verification runs


@dataclass(frozen=True)
class RunKey:
    """The uuids of a run's stages; None: the run does not have the stage."""

    deployment: str | None = None
    verification: str | None = None
    task: str | None = None

    @classmethod
    def of_dag_run(cls, dag_id: str, run_id: str) -> "RunKey":
        """Return the uuids under which the stages of an Airflow run store their results."""

        def of(stage: StageName) -> str:
            return reference(dag_id, run_id, stage)

        return cls(of("deploy"), of("verify"), of("benchmark"))


@dataclass(frozen=True)
class LiveDeployment:
    """A deployment, and the steps of it that are known."""

    cloud: str
    engine: str
    status: str
    done: int  # steps that have ended well, or had been done before
    total: int
    running: tuple[str, ...]  # titles
    steps: tuple[StepRow, ...]
    seconds: float
    error: str


@dataclass(frozen=True)
class LiveVerification:
    """A verification, and what its tests came to so far."""

    cloud: str
    chosen: str
    status: str
    counts: dict[Outcome, int]
    total: int
    failed: tuple[str, ...]  # names of the first tests that failed
    seconds: float
    remaining: float | None
    error: str

    @property
    def done(self) -> int:
        """How many tests have ended."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class LiveWorkload:
    """A workload, and its load so far."""

    number: int  # in its task, from 1
    scenario: str
    title: str  # of its subtask; "" if it is just the scenario's name
    load: str  # the runner's description
    state: str  # `waiting`, `being set up`, `running`, or how it ended
    so_far: ProgressReport | None
    generator: Facts  # once it has ended
    passed: bool | None

    @property
    def share(self) -> float | None:
        """How much of the load is over, from 0 to 1; None: not known."""
        if self.so_far is None:
            return None
        if self.so_far.total:
            return min(1.0, self.so_far.done / self.so_far.total)
        left = self.so_far.remaining
        return None if left is None else self.so_far.elapsed / max(self.so_far.elapsed + left, 1e-9)


@dataclass(frozen=True)
class LiveTask:
    """A task, and its workloads."""

    uuid: str
    cloud: str
    title: str
    tags: tuple[str, ...]
    status: str
    verdict: str
    stop_reason: str
    workloads: tuple[LiveWorkload, ...]
    seconds: float


@dataclass(frozen=True)
class LiveRun:
    """A run, as far as it is known; a stage that has not begun is None."""

    deployment: LiveDeployment | None
    verification: LiveVerification | None
    task: LiveTask | None
    started_at: float | None

    @property
    def known(self) -> bool:
        """Whether the results have anything of it."""
        return self.started_at is not None

    @property
    def running(self) -> bool:
        """Whether a stage of it runs."""
        return any(one and one.status == "running" for one in (self.deployment, self.verification, self.task))

    @property
    def cloud(self) -> str:
        """The name of its cloud; "" if it is not known."""
        return next((one.cloud for one in (self.task, self.verification, self.deployment) if one), "")

    @property
    def title(self) -> str:
        """What it is called."""
        if self.task:
            return self.task.title
        if self.verification:
            return f"Verification of {self.verification.cloud}: {self.verification.chosen}"
        return f"Deployment of {self.deployment.cloud}" if self.deployment else ""


def live_run(store: Store, key: RunKey, *, now: float) -> LiveRun:
    """Return what is known of a run at a time."""
    deployment = store.deployments.get(key.deployment) if key.deployment else None
    verification = store.verifications.get(key.verification) if key.verification else None
    task = store.tasks.progress(key.task) if key.task else None
    rows: tuple[DeploymentRow | VerificationRow | TaskRow | None, ...] = (deployment, verification, task)
    return LiveRun(
        _deployment(deployment, now) if deployment else None,
        _verification(store, verification, now) if verification else None,
        _task(task, now) if task else None,
        min((row.started_at for row in rows if row), default=None),
    )


def _deployment(row: DeploymentRow, now: float) -> LiveDeployment:
    return LiveDeployment(
        cloud=row.cloud,
        engine=row.engine,
        status=row.status,
        done=sum(step.status in {"done", "skipped"} for step in row.steps),
        total=max(row.total_steps, len(row.steps)),
        running=tuple(step.title or step.name for step in row.steps if step.status == "running"),
        steps=tuple(row.steps),
        seconds=_seconds(row, now),
        error=row.error,
    )


def _verification(store: Store, row: VerificationRow, now: float) -> LiveVerification:
    counts = outcomes(store.tests.counts([row.uuid])[row.uuid])
    done, seconds = sum(counts.values()), _seconds(row, now)
    running = row.status == "running" and done and row.total
    return LiveVerification(
        cloud=row.cloud,
        chosen=row.chosen,
        status=row.status,
        counts=counts,
        total=row.total,
        failed=tuple(store.tests.failed(row.uuid, limit=_FAILED_NAMED)) if counts["failed"] else (),
        seconds=seconds,
        remaining=seconds / done * max(0, row.total - done) if running else None,
        error=row.error,
    )


def _task(row: TaskRow, now: float) -> LiveTask:
    return LiveTask(
        uuid=row.uuid,
        cloud=row.cloud,
        title=row.title,
        tags=tuple(row.tags),
        status=row.status,
        verdict=verdict_word(row),
        stop_reason=row.stop_reason,
        workloads=tuple(
            _workload(workload, subtask.title) for subtask in row.subtasks for workload in subtask.workloads
        ),
        seconds=_seconds(row, now),
    )


def _workload(row: WorkloadRow, title: str) -> LiveWorkload:
    runner = RUNNERS.get(row.runner)
    known = runner is not None and not runner.validate(row.runner_args)
    return LiveWorkload(
        number=row.position + 1,
        scenario=row.scenario,
        title=title if title != row.scenario else "",
        load=runner.describe(row.runner_args) if runner and known else row.runner,
        state=_state(row),
        so_far=row.so_far,
        generator=schedule_facts(None, row.reported) if row.ended_at is not None else (),
        passed=row.passed,
    )


def _state(row: WorkloadRow) -> str:
    if row.ended_at is not None:
        return ending_line(row)
    if row.started_at is None:
        return "waiting"
    return "being set up" if row.load_began_at is None else "running"


def _seconds(row: DeploymentRow | VerificationRow | TaskRow, now: float) -> float:
    return max(0.0, (row.ended_at if row.ended_at is not None else now) - row.started_at)
