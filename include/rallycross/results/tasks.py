"""The store's part for tasks."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

from sqlalchemy import Engine, exists, func, or_, select, update
from sqlalchemy.orm import load_only, selectinload

from rallycross.cloud.cloud import NO_CLOUD
from rallycross.results.database_errors import ResultsDatabaseError
from rallycross.results.figures import write_figures
from rallycross.results.models import SubtaskRow, TaskRow, WorkloadRow
from rallycross.results.reference import workload_reference
from rallycross.results.store_part import StorePart
from rallycross.secret import shown, shown_text
from rallycross.task.plan import Subtask, Task

# The columns that a list of tasks needs. Figures, contexts and sources are larger by orders of magnitude.
LISTED = (
    load_only(
        TaskRow.uuid,
        TaskRow.cloud,
        TaskRow.title,
        TaskRow.tags,
        TaskRow.status,
        TaskRow.started_at,
        TaskRow.ended_at,
    ),
    selectinload(TaskRow.subtasks).options(
        load_only(SubtaskRow.position),
        selectinload(SubtaskRow.workloads).load_only(
            WorkloadRow.position, WorkloadRow.scenario, WorkloadRow.status, WorkloadRow.passed
        ),
    ),
)

# The columns that say how far a task is.
_FOLLOWED = (
    load_only(
        TaskRow.uuid,
        TaskRow.cloud,
        TaskRow.title,
        TaskRow.tags,
        TaskRow.status,
        TaskRow.stop_reason,
        TaskRow.started_at,
        TaskRow.ended_at,
    ),
    selectinload(TaskRow.subtasks).options(
        load_only(SubtaskRow.position, SubtaskRow.title),
        selectinload(SubtaskRow.workloads).load_only(
            WorkloadRow.position,
            WorkloadRow.scenario,
            WorkloadRow.runner,
            WorkloadRow.runner_args,
            WorkloadRow.status,
            WorkloadRow.error,
            WorkloadRow.started_at,
            WorkloadRow.ended_at,
            WorkloadRow.load_began_at,
            WorkloadRow.load_seconds,
            WorkloadRow.full_seconds,
            WorkloadRow.progress,
            WorkloadRow.generator,
            WorkloadRow.passed,
        ),
    ),
)


class Tasks(StorePart):
    """Stores what tasks were to do, and how they ended."""

    def begin(self, uuid: str, *, cloud: str, task: Task, environment: dict[str, Any]) -> dict[int, str]:
        """Begin a task and return its workloads' uuids by position; a task that was begun before is not changed."""
        workloads = {workload.position: workload_reference(uuid, workload.position) for workload in task.workloads}
        secrets = task.secrets
        with self.database.writing() as session:
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
                        beat_at=time.time(),
                        started_at=time.time(),
                        subtasks=[
                            _subtask_row(uuid, position, one, secrets) for position, one in enumerate(task.subtasks)
                        ],
                    )
                )
        return workloads

    def end(self, uuid: str, *, status: Literal["finished", "aborted", "crashed"]) -> None:
        """Store how a task ended: `finished` whatever the result of its workloads."""
        with self.database.writing() as session:
            session.execute(update(TaskRow).where(TaskRow.uuid == uuid).values(status=status, ended_at=time.time()))

    def beat(self, uuid: str) -> None:
        """Record a sign of life of the process that runs a task. An unavailable database gets the next one."""
        with suppress(ResultsDatabaseError), self.database.writing() as session:
            session.execute(update(TaskRow).where(TaskRow.uuid == uuid).values(beat_at=time.time()))

    def stop(self, uuid: str, reason: str) -> None:
        """Store why a task is told to stop (see `endings`); the first reason is kept.

        If the load has ended already, it is the reason of the stage that ran it.
        """
        no_reason_yet = TaskRow.stop_reason == ""
        with self.database.writing() as session:
            session.execute(update(TaskRow).where(TaskRow.uuid == uuid, no_reason_yet).values(stop_reason=reason))

    def running(self) -> list[str]:
        """Return the uuids of tasks with the status `running`; the process of some may be gone."""
        with self.database.reading() as session:
            return list(session.scalars(select(TaskRow.uuid).where(TaskRow.status == "running")))

    def concurrent_with(self, uuid: str) -> list[TaskRow]:
        """Return the other tasks that ran on the same cloud at the same time, the earliest first."""
        with self.database.reading() as session:
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

    def of(self, owner: str) -> TaskRow | None:
        """Return the task with this uuid, or the task of the workload with this uuid."""
        with self.database.reading() as session:
            workload = session.get(WorkloadRow, owner)
        return self.get(workload.task_uuid if workload else owner)

    def get(self, uuid: str) -> TaskRow | None:
        """Return a task with its subtasks, workloads and SLA rows."""
        with self.database.reading() as session:
            return session.get(TaskRow, uuid)

    def progress(self, uuid: str) -> TaskRow | None:
        """Return a task with the columns that say how far it is; reading others raises an error."""
        query = select(TaskRow).options(*_FOLLOWED).where(TaskRow.uuid == uuid)
        with self.database.reading() as session:
            return session.scalars(query).first()

    def latest(
        self,
        *,
        cloud: str | None = None,
        tag: str | None = None,
        title: str | None = None,
        ended: bool = False,
        before: float | None = None,
        limit: int | None = None,
    ) -> list[TaskRow]:
        """Return the tasks of a cloud, with a tag and a title (None: any), newest first; without a limit if it is None.

        With `ended`, tasks that are running are left out; with `before`, also those that did not begin before it.

        Only the columns that a list shows are loaded; reading others raises an error.
        """
        query = select(TaskRow).options(*LISTED).order_by(TaskRow.started_at.desc(), TaskRow.uuid).limit(limit)
        if cloud is not None:
            query = query.where(TaskRow.cloud == cloud)
        if tag is not None:
            query = query.where(has_tag(self.database.engine, tag))
        if title is not None:
            query = query.where(TaskRow.title == title)
        if before is not None:
            query = query.where(TaskRow.started_at < before)
        if ended:
            query = query.where(TaskRow.status != "running")
        with self.database.reading() as session:
            return list(session.scalars(query))

    def add(self, task: TaskRow) -> None:
        """Store an imported task with all its parts."""
        with self.database.writing() as session:
            session.add(task)
            session.flush()
            for workload in task.workloads:
                if figures := workload.figures:
                    write_figures(session, workload.uuid, figures)


def has_tag(engine: Engine, tag: str) -> Any:
    """Return the condition that a task has a tag."""
    unfold = func.json_array_elements_text if engine.dialect.name == "postgresql" else func.json_each
    each = unfold(TaskRow.tags).table_valued("value")
    return exists(select(1).select_from(each).where(each.c.value == tag))


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
