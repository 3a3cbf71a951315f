"""The store's part for clouds."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from rallycross.results.models import CloudRow
from rallycross.results.store_part import StorePart


class Clouds(StorePart):
    """Registers clouds, so that later runs can refer to them by name."""

    def register(
        self,
        name: str,
        *,
        clouds_yaml: str,
        spec: str,
        engine: str,
        root: str,
        deployment: str | None,
        environment: dict[str, Any],
        nodes: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Register a cloud under `name`, replacing any cloud of that name; `clouds_yaml` is the path of a file."""
        row = CloudRow(
            name=name,
            clouds_yaml=clouds_yaml,
            spec=spec,
            engine=engine,
            root=root,
            deployment=deployment,
            nodes=list(nodes),
            environment=environment,
            registered_at=time.time(),
        )
        with self.database.writing() as session:
            session.merge(row)

    def get(self, name: str) -> CloudRow | None:
        """Return the cloud of that name, if there is one."""
        with self.database.reading() as session:
            return session.get(CloudRow, name)

    def all(self) -> list[CloudRow]:
        """Return all clouds, sorted by name."""
        with self.database.reading() as session:
            return list(session.scalars(select(CloudRow).order_by(CloudRow.name)))

    def forget(self, name: str) -> None:
        """Delete the cloud of that name; its results stay."""
        with self.database.writing() as session:
            session.execute(delete(CloudRow).where(CloudRow.name == name))
