"""The store: the only door to the results database."""

import time

from sqlalchemy import delete, select

from rallycross.results.clouds import Clouds
from rallycross.results.deployments import Deployments
from rallycross.results.history import History
from rallycross.results.ledger import Ledger
from rallycross.results.models import ArtifactRow
from rallycross.results.tasks import Tasks
from rallycross.results.verifications import Verifications
from rallycross.settings import settings


class Store(Clouds, Deployments, Verifications, Tasks, Ledger, History):
    """Keeps and gives back everything but samples.

    Every method is one short transaction. Rows that are given back are detached: reading them asks nothing, changing
    them changes nothing.
    """

    @classmethod
    def open(cls, url: str | None = None) -> "Store":
        """Open the database at `url` (default: as the settings say), making and migrating it as needed."""
        return cls(url or settings().results_url, patience=settings().database_patience)

    def add_artifact(self, owner_uuid: str, kind: str, path: str) -> None:
        """Note a file that belongs to a deployment, verification, task or workload."""
        values = {"owner_uuid": owner_uuid, "kind": kind, "path": path, "added_at": time.time()}
        with self.writing() as session:
            self.upsert(session, ArtifactRow, values, key=["owner_uuid", "kind", "path"], update=["added_at"])

    def artifacts(self, owner_uuid: str) -> list[ArtifactRow]:
        """Return the files that belong to it, in the order in which they were added."""
        query = select(ArtifactRow).where(ArtifactRow.owner_uuid == owner_uuid).order_by(ArtifactRow.id)
        with self.reading() as session:
            return list(session.scalars(query))

    def all_artifacts(self) -> list[ArtifactRow]:
        """Return all files that are noted."""
        with self.reading() as session:
            return list(session.scalars(select(ArtifactRow).order_by(ArtifactRow.id)))

    def forget_artifact(self, row: int) -> None:
        """Drop the note of a file that is gone."""
        with self.writing() as session:
            session.execute(delete(ArtifactRow).where(ArtifactRow.id == row))
