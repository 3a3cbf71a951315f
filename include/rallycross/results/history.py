"""The store's part for the history of tasks and verifications."""

from typing import Any

from sqlalchemy import delete, select, union

from rallycross.results.models import ArtifactRow, CloudRow, DeploymentRow, LedgerRow, TaskRow, VerificationRow
from rallycross.results.store_part import StorePart


class History(StorePart):
    """Finds and deletes tasks and verifications."""

    def cloud_names(self) -> list[str]:
        """Return the names of all clouds that have results, ledger rows, deployments or a registration."""
        kept = (select(model.cloud) for model in (TaskRow, VerificationRow, DeploymentRow, LedgerRow))
        with self.database.reading() as session:
            return list(session.scalars(union(select(CloudRow.name), *kept)))

    def uuids_like(self, start: str) -> list[str]:
        """Return the uuids of tasks and verifications that begin with `start`."""
        with self.database.reading() as session:
            return [
                uuid
                for model in (TaskRow, VerificationRow)
                for uuid in session.scalars(select(model.uuid).where(model.uuid.startswith(start, autoescape=True)))
            ]

    def delete(self, uuid: str) -> None:
        """Delete a task or a verification with all its rows; its files stay."""
        owners: list[Any] = [uuid]
        with self.database.writing() as session:
            task = session.get(TaskRow, uuid)
            owners += [workload.uuid for workload in task.workloads] if task else []
            session.execute(delete(ArtifactRow).where(ArtifactRow.owner_uuid.in_(owners)))
            session.execute(delete(TaskRow).where(TaskRow.uuid == uuid))
            session.execute(delete(VerificationRow).where(VerificationRow.uuid == uuid))
