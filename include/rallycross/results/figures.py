"""The store's part for single figures, queried over all workloads."""

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


def write_figures(session: Session, workload_uuid: str, figures: WorkloadFigures) -> None:
    """Store a workload's figures one by one, replacing earlier ones."""
    session.execute(delete(FigureRow).where(FigureRow.workload_uuid == workload_uuid))
    rows = [{"workload_uuid": workload_uuid, **vars(one)} for one in one_by_one(figures)]
    if rows:
        session.execute(insert(FigureRow), rows)
