"""The store's part for artifacts: files that runs wrote."""

import time

from sqlalchemy import delete, select

from rallycross.results.models import ArtifactRow
from rallycross.results.store_part import StorePart


class Artifacts(StorePart):
    """Records files and what each belongs to."""

    def add(self, owner_uuid: str, kind: str, path: str) -> None:
        """Record a file that belongs to a deployment, verification, task or workload."""
        values = {"owner_uuid": owner_uuid, "kind": kind, "path": path, "added_at": time.time()}
        with self.database.writing() as session:
            self.database.upsert(session, ArtifactRow, values, key=["owner_uuid", "kind", "path"], update=["added_at"])

    def of(self, owner_uuid: str) -> list[ArtifactRow]:
        """Return the files of one owner, in the order in which they were added."""
        query = select(ArtifactRow).where(ArtifactRow.owner_uuid == owner_uuid).order_by(ArtifactRow.id)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def owners(self, path: str) -> set[str]:
        """Return the owners of a file: a run with several stages has one report."""
        with self.database.reading() as session:
            return set(session.scalars(select(ArtifactRow.owner_uuid).where(ArtifactRow.path == path)))

    def all(self) -> list[ArtifactRow]:
        """Return all recorded files."""
        with self.database.reading() as session:
            return list(session.scalars(select(ArtifactRow).order_by(ArtifactRow.id)))

    def forget(self, row: int) -> None:
        """Delete the record of a file that no longer exists."""
        with self.database.writing() as session:
            session.execute(delete(ArtifactRow).where(ArtifactRow.id == row))
