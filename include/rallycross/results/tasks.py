"""The store's part for tasks and their workloads."""

import time
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import load_only

from rallycross.cloud.cloud import NO_CLOUD
from rallycross.results.database import Database
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.reference import workload_reference
from rallycross.results.sla_row import SlaRow
from rallycross.results.trouble import DatabaseTrouble
from rallycross.secret import shown, shown_text
from rallycross.shown_log import logger
from rallycross.task.plan import Subtask, Task

_log = logger(__name__)


class Tasks(Database):
    """Keeps a task, its workloads' progress, and what they came to."""

    _told = ""  # of a database that is away: once is enough

    def begin_task(self, uuid: str, *, cloud: str, task: Task, environment: dict[str, Any]) -> dict[int, str]:
        """Begin a task and return its workloads' uuids by position; one that was begun before stays as it is."""
        workloads = {workload.position: workload_reference(uuid, workload.position) for workload in task.workloads}
        secrets = task.secrets
        with self.writing() as session:
            if session.get(TaskRow, uuid) is None:
                session.add(
                    TaskRow(
                        uuid=uuid,
                        cloud=cloud,
                        title=shown_text(task.title, secrets),
                        description=shown_text(task.description, secrets),
                        tags=list(task.tags),
                        source=shown_text(task.source, secrets),
                        file=task.file,
                        status="running",
                        timing=task.timing,
                        environment=environment,
                        started_at=time.time(),
                        subtasks=[
                            _subtask_row(uuid, position, one, secrets) for position, one in enumerate(task.subtasks)
                        ],
                    )
                )
        return workloads

    def begin_workload(self, uuid: str) -> None:
        """Say that a workload's contexts are about to be set up."""
        self._change_workload(uuid, status="running", started_at=time.time())

    def begin_load(self, workload_uuid: str, *, at: float) -> None:
        """Say that the contexts stand, and from when the samples' times count, in seconds of the epoch."""
        self._change_workload(workload_uuid, load_began_at=at)

    def report_progress(self, workload_uuid: str, progress: dict[str, Any]) -> None:
        """Show where a workload's load is, in the place of what was shown before.

        A database that is away is not waited for: what is shown is not worth keeping the load waiting.
        """
        try:
            self._change_workload(workload_uuid, progress=progress)
        except DatabaseTrouble as error:
            if not error.passing:
                raise
            if str(error) != self._told:
                self._told = str(error)
                _log.warning("%s; the load goes on", error)

    def end_workload(
        self,
        uuid: str,
        *,
        status: Literal["finished", "aborted", "aborted_on_sla", "crashed"],
        error: str = "",
        error_detail: str = "",
        load_seconds: float | None = None,
        full_seconds: float | None = None,
        contexts: Sequence[dict[str, Any]] = (),
        generator: dict[str, Any] | None = None,
        hook_results: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Say how a workload ended: `aborted` by hand, `aborted_on_sla` by a criterion, `crashed` by `error`."""
        self._change_workload(
            uuid,
            status=status,
            error=error,
            error_detail=error_detail,
            load_seconds=load_seconds,
            full_seconds=full_seconds,
            contexts_done=list(contexts),
            generator=generator or {},
            hook_results=list(hook_results),
            ended_at=time.time(),
        )

    def save_contexts(self, workload_uuid: str, contexts: Sequence[dict[str, Any]]) -> None:
        """Keep what has become of a workload's contexts, which may outlive it."""
        self._change_workload(workload_uuid, contexts_done=list(contexts))

    def end_task(self, uuid: str, *, status: Literal["finished", "aborted", "crashed"]) -> None:
        """Say how a task ended: `finished` whatever its workloads came to."""
        with self.writing() as session:
            session.execute(update(TaskRow).where(TaskRow.uuid == uuid).values(status=status, ended_at=time.time()))

    def stop_task(self, uuid: str, reason: str) -> None:
        """Say why a task that runs is told to stop (see `endings`): whoever says so first is the one who did it."""
        unsaid = TaskRow.status == "running", TaskRow.stop_reason == ""
        with self.writing() as session:
            session.execute(update(TaskRow).where(TaskRow.uuid == uuid, *unsaid).values(stop_reason=reason))

    def running_tasks(self) -> list[str]:
        """Return the uuids of the tasks that run, or whose process was lost."""
        with self.reading() as session:
            return list(session.scalars(select(TaskRow.uuid).where(TaskRow.status == "running")))

    def tasks_meanwhile(self, uuid: str) -> list[TaskRow]:
        """Return the other tasks that were run on a task's cloud while it was, the earliest first."""
        with self.reading() as session:
            own = session.get(TaskRow, uuid)
            if own is None or own.cloud == NO_CLOUD.name:
                return []
            query = select(TaskRow).where(
                TaskRow.cloud == own.cloud,
                TaskRow.uuid != uuid,
                TaskRow.origin == "",
                or_(TaskRow.ended_at.is_(None), TaskRow.ended_at > own.started_at),
            )
            if own.ended_at is not None:
                query = query.where(TaskRow.started_at < own.ended_at)
            return list(session.scalars(query.order_by(TaskRow.started_at)))

    def save_judgement(
        self, workload_uuid: str, *, statistics: dict[str, Any], sla: Sequence[SlaRow], passed: bool
    ) -> None:
        """Keep what a workload was judged to be, in the place of any judgement before."""
        with self.writing() as session:
            session.execute(delete(WorkloadSlaRow).where(WorkloadSlaRow.workload_uuid == workload_uuid))
            session.execute(
                update(WorkloadRow)
                .where(WorkloadRow.uuid == workload_uuid)
                .values(statistics=statistics, passed=passed)
            )
            session.add_all(
                WorkloadSlaRow(
                    workload_uuid=workload_uuid, criterion=row.criterion, passed=row.passed, detail=row.detail
                )
                for row in sla
            )

    def workloads(self) -> list[WorkloadRow]:
        """Return the workloads of all tasks, with what is needed to look after their samples; no more can be read."""
        wanted = ("uuid", "task_uuid", "position", "status", "generator", "statistics")
        columns = [getattr(WorkloadRow, name) for name in wanted]
        query = select(WorkloadRow).options(load_only(*columns)).order_by(WorkloadRow.task_uuid, WorkloadRow.position)
        with self.reading() as session:
            return list(session.scalars(query))

    def mark_workload(self, uuid: str, criterion: str, detail: str) -> None:
        """Say of a workload that was judged that it has not passed, by one more row."""
        with self.writing() as session:
            session.add(WorkloadSlaRow(workload_uuid=uuid, criterion=criterion, passed=False, detail=detail))
            session.execute(update(WorkloadRow).where(WorkloadRow.uuid == uuid).values(passed=False))

    def task_of(self, owner: str) -> TaskRow | None:
        """Return the task that has this uuid, or a workload of this uuid."""
        with self.reading() as session:
            workload = session.get(WorkloadRow, owner)
        return self.task(workload.task_uuid if workload else owner)

    def task(self, uuid: str) -> TaskRow | None:
        """Return a task with its subtasks, workloads and SLA rows."""
        with self.reading() as session:
            return session.get(TaskRow, uuid)

    def _change_workload(self, uuid: str, **values: Any) -> None:
        with self.writing() as session:
            session.execute(update(WorkloadRow).where(WorkloadRow.uuid == uuid).values(**values))


def _subtask_row(task_uuid: str, position: int, subtask: Subtask, secrets: Sequence[str]) -> SubtaskRow:
    return SubtaskRow(
        task_uuid=task_uuid,
        position=position,
        title=shown_text(subtask.title, secrets),
        description=shown_text(subtask.description, secrets),
        group=subtask.group,
        tags=list(subtask.tags),
        run_in_parallel=subtask.run_in_parallel,
        workloads=[
            WorkloadRow(
                uuid=workload_reference(task_uuid, workload.position),
                task_uuid=task_uuid,
                position=workload.position,
                scenario=workload.scenario,
                description=shown_text(workload.description, secrets),
                args=shown(workload.args, secrets),
                runner=workload.runner,
                runner_args=workload.runner_args,
                contexts=shown(workload.contexts, secrets),
                sla=workload.sla,
                hooks=shown([hook.config for hook in workload.hooks], secrets),
                status="init",
                contexts_done=[],
                progress={},
            )
            for workload in subtask.workloads
        ],
    )
