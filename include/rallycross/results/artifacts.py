"""The store's part for artifacts: the files that runs have left."""

import time

from sqlalchemy import delete, select

from rallycross.results.models import ArtifactRow
from rallycross.results.part import Part


class Artifacts(Part):
    """Notes files, each with what it belongs to."""

    def add(self, owner_uuid: str, kind: str, path: str) -> None:
        """Note a file that belongs to a deployment, verification, task or workload."""
        values = {"owner_uuid": owner_uuid, "kind": kind, "path": path, "added_at": time.time()}
        with self.database.writing() as session:
            self.database.upsert(session, ArtifactRow, values, key=["owner_uuid", "kind", "path"], update=["added_at"])

    def of(self, owner_uuid: str) -> list[ArtifactRow]:
        """Return the files that belong to it, in the order in which they were added."""
        query = select(ArtifactRow).where(ArtifactRow.owner_uuid == owner_uuid).order_by(ArtifactRow.id)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def all(self) -> list[ArtifactRow]:
        """Return all files that are noted."""
        with self.database.reading() as session:
            return list(session.scalars(select(ArtifactRow).order_by(ArtifactRow.id)))

    def forget(self, row: int) -> None:
        """Drop the note of a file that is gone."""
        with self.database.writing() as session:
            session.execute(delete(ArtifactRow).where(ArtifactRow.id == row))
