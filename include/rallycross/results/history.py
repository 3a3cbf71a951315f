"""The store's part for what was run before: finding, adding and deleting results."""

from typing import Any

from sqlalchemy import delete, exists, func, select, union

from rallycross.results.database import Database
from rallycross.results.models import ArtifactRow, CloudRow, DeploymentRow, LedgerRow, TaskRow, VerificationRow


class History(Database):
    """Looks through tasks and verifications."""

    def tasks(self, *, cloud: str | None = None, tag: str | None = None, limit: int | None = None) -> list[TaskRow]:
        """Return the tasks of a cloud and with a tag (None: of any), the newest first; `limit` of None: all of them."""
        query = select(TaskRow).order_by(TaskRow.started_at.desc(), TaskRow.uuid).limit(limit)
        if cloud is not None:
            query = query.where(TaskRow.cloud == cloud)
        if tag is not None:
            query = query.where(self._has(TaskRow.tags, tag))
        with self.reading() as session:
            return list(session.scalars(query))

    def cloud_names(self) -> list[str]:
        """Return the names of all clouds of which something is kept: results, what stands, how it was deployed."""
        kept = (select(model.cloud) for model in (TaskRow, VerificationRow, DeploymentRow, LedgerRow))
        with self.reading() as session:
            return list(session.scalars(union(select(CloudRow.name), *kept)))

    def _has(self, column: Any, member: str) -> Any:
        """Return the condition that a column's JSON list has a member."""
        unfold = func.json_array_elements_text if self.engine.dialect.name == "postgresql" else func.json_each
        return exists(select(1).select_from(each := unfold(column).table_valued("value")).where(each.c.value == member))

    def results_like(self, start: str) -> list[str]:
        """Return the uuids of tasks and verifications that begin so."""
        with self.reading() as session:
            return [
                uuid
                for model in (TaskRow, VerificationRow)
                for uuid in session.scalars(select(model.uuid).where(model.uuid.startswith(start, autoescape=True)))
            ]

    def add_task(self, task: TaskRow) -> None:
        """Keep a task that was run elsewhere, whole."""
        with self.writing() as session:
            session.add(task)

    def delete_results(self, uuid: str) -> None:
        """Forget a task or a verification, with all that the database has of it; files stay."""
        owners: list[Any] = [uuid]
        with self.writing() as session:
            task = session.get(TaskRow, uuid)
            owners += [workload.uuid for workload in task.workloads] if task else []
            session.execute(delete(ArtifactRow).where(ArtifactRow.owner_uuid.in_(owners)))
            session.execute(delete(TaskRow).where(TaskRow.uuid == uuid))
            session.execute(delete(VerificationRow).where(VerificationRow.uuid == uuid))
