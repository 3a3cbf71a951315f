"""The store's part for single figures, queried over all workloads."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from rallycross.results.figure import one_by_one
from rallycross.results.models import FigureRow, TaskRow, WorkloadRow
from rallycross.results.store_part import StorePart
from rallycross.results.workload_figures import WorkloadFigures


@dataclass(frozen=True)
class PastFigure:
    """The value of a figure in an earlier workload."""

    task: str  # uuid
    workload: str  # uuid
    began: float  # the task's beginning, in seconds since the epoch
    value: float
    unit: str


@dataclass(frozen=True)
class StoredFigure:
    """A figure of a workload, or of an action of it."""

    task: str  # uuid
    position: int  # of the workload
    scenario: str
    action: str
    depth: int
    figure: str
    value: float


class Figures(StorePart):
    """Queries figures. `Workloads` writes them, together with the document of the workload."""

    def of(self, workload_uuid: str) -> list[FigureRow]:
        """Return all figures of a workload, in the order in which they are shown."""
        query = select(FigureRow).where(FigureRow.workload_uuid == workload_uuid).order_by(FigureRow.id)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def history(
        self, scenario: str, figure: str, *, action: str = "", depth: int = 0, cloud: str | None = None, limit: int = 20
    ) -> list[PastFigure]:
        """Return the values of a figure in the latest workloads of a scenario, latest first; see `figure.Figure`."""
        query = (
            select(TaskRow.uuid, WorkloadRow.uuid, TaskRow.started_at, FigureRow.value, FigureRow.unit)
            .join(WorkloadRow, WorkloadRow.task_uuid == TaskRow.uuid)
            .join(FigureRow, FigureRow.workload_uuid == WorkloadRow.uuid)
            .where(
                WorkloadRow.scenario == scenario,
                FigureRow.figure == figure,
                FigureRow.action == action,
                FigureRow.depth == depth,
            )
            .order_by(TaskRow.started_at.desc(), WorkloadRow.position)
            .limit(limit)
        )
        if cloud is not None:
            query = query.where(TaskRow.cloud == cloud)
        with self.database.reading() as session:
            return [PastFigure(*row) for row in session.execute(query)]

    def series(
        self, tasks: Sequence[str], figures: Sequence[str], *, position: int | None = None
    ) -> list[StoredFigure]:
        """Return figures of tasks, in the order of the workloads and of their actions; `position`: of one workload."""
        query = (
            select(
                WorkloadRow.task_uuid,
                WorkloadRow.position,
                WorkloadRow.scenario,
                FigureRow.action,
                FigureRow.depth,
                FigureRow.figure,
                FigureRow.value,
            )
            .join(FigureRow, FigureRow.workload_uuid == WorkloadRow.uuid)
            .where(WorkloadRow.task_uuid.in_(tasks), FigureRow.figure.in_(figures))
            .order_by(WorkloadRow.position, FigureRow.id)
        )
        if position is not None:
            query = query.where(WorkloadRow.position == position)
        with self.database.reading() as session:
            return [StoredFigure(*row) for row in session.execute(query)]


def write_figures(session: Session, workload_uuid: str, figures: WorkloadFigures) -> None:
    """Store a workload's figures one by one, replacing earlier ones."""
    session.execute(delete(FigureRow).where(FigureRow.workload_uuid == workload_uuid))
    rows = [{"workload_uuid": workload_uuid, **vars(one)} for one in one_by_one(figures)]
    if rows:
        session.execute(insert(FigureRow), rows)
