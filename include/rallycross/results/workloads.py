"""The store's part for workloads."""

import time
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, load_only

from rallycross.results.database_errors import ResultsDatabaseError
from rallycross.results.figures import write_figures
from rallycross.results.models import TaskRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.sla_row import SlaRow
from rallycross.results.store_part import StorePart
from rallycross.results.workload_figures import WorkloadFigures, to_document
from rallycross.safe_logging import logger

_log = logger(__name__)


class Workloads(StorePart):
    """Stores the progress and the results of workloads."""

    _last_warning = ""  # about an unavailable database, so that it is logged once

    def begin(self, uuid: str) -> None:
        """Mark a workload as running, before its contexts are set up."""
        self._change(uuid, status="running", started_at=time.time())

    def begin_load(self, workload_uuid: str, *, at: float) -> None:
        """Store the origin of the samples' times, in seconds since the epoch, once the contexts are set up."""
        self._change(workload_uuid, load_began_at=at)

    def report_progress(self, workload_uuid: str, progress: dict[str, Any]) -> None:
        """Store the progress of a workload's load, replacing the last one.

        An unavailable database is not waited for: progress is not worth delaying the load.
        """
        try:
            self._change(workload_uuid, progress=progress)
        except ResultsDatabaseError as error:
            if not error.passing:
                raise
            if str(error) != self._last_warning:
                self._last_warning = str(error)
                _log.warning("%s; the load goes on", error)

    def end(
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
        """Store how a workload ended: `aborted` by hand, `aborted_on_sla` by a criterion, `crashed` by `error`."""
        self._change(
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
        """Store the results of a workload's contexts, which may outlive it."""
        self._change(workload_uuid, contexts_done=list(contexts))

    def save_judgement(
        self, workload_uuid: str, *, figures: WorkloadFigures, sla: Sequence[SlaRow], passed: bool
    ) -> None:
        """Store the judgement of a workload, replacing an earlier one."""
        with self.database.writing() as session:
            session.execute(delete(WorkloadSlaRow).where(WorkloadSlaRow.workload_uuid == workload_uuid))
            _save_figures(session, workload_uuid, figures)
            session.execute(update(WorkloadRow).where(WorkloadRow.uuid == workload_uuid).values(passed=passed))
            session.add_all(
                WorkloadSlaRow(
                    workload_uuid=workload_uuid, criterion=row.criterion, passed=row.passed, detail=row.detail
                )
                for row in sla
            )

    def save_figures(self, workload_uuid: str, figures: WorkloadFigures) -> None:
        """Store a workload's figures, replacing earlier ones; its judgement stays."""
        with self.database.writing() as session:
            _save_figures(session, workload_uuid, figures)

    def task_of(self, uuid: str) -> str | None:
        """Return the uuid of the task with this uuid, or of the task of the workload with this uuid."""
        with self.database.reading() as session:
            of_workload = session.scalar(select(WorkloadRow.task_uuid).where(WorkloadRow.uuid == uuid))
            return of_workload or session.scalar(select(TaskRow.uuid).where(TaskRow.uuid == uuid))

    def all(self) -> list[WorkloadRow]:
        """Return the workloads of all tasks, with only the columns needed to check their samples."""
        wanted = ("uuid", "task_uuid", "position", "status", "generator", "statistics")
        columns = [getattr(WorkloadRow, name) for name in wanted]
        query = select(WorkloadRow).options(load_only(*columns)).order_by(WorkloadRow.task_uuid, WorkloadRow.position)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def fail(self, uuid: str, criterion: str, detail: str) -> None:
        """Fail a workload that was judged already, by one more SLA row."""
        with self.database.writing() as session:
            session.add(WorkloadSlaRow(workload_uuid=uuid, criterion=criterion, passed=False, detail=detail))
            session.execute(update(WorkloadRow).where(WorkloadRow.uuid == uuid).values(passed=False))

    def _change(self, uuid: str, **values: Any) -> None:
        with self.database.writing() as session:
            session.execute(update(WorkloadRow).where(WorkloadRow.uuid == uuid).values(**values))


def _save_figures(session: Session, uuid: str, figures: WorkloadFigures) -> None:
    session.execute(update(WorkloadRow).where(WorkloadRow.uuid == uuid).values(statistics=to_document(figures)))
    write_figures(session, uuid, figures)
