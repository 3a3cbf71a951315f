"""The store's part for clouds."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from rallycross.results.database import Database
from rallycross.results.models import CloudRow


class Clouds(Database):
    """Registers clouds, so that later runs can name them."""

    def register_cloud(
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
        """Keep a cloud under `name`, in the place of what had that name; `clouds_yaml` is the path of a file."""
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
        with self.writing() as session:
            session.merge(row)

    def cloud(self, name: str) -> CloudRow | None:
        """Return the cloud of that name, if there is one."""
        with self.reading() as session:
            return session.get(CloudRow, name)

    def clouds(self) -> list[CloudRow]:
        """Return all clouds, by name."""
        with self.reading() as session:
            return list(session.scalars(select(CloudRow).order_by(CloudRow.name)))

    def forget_cloud(self, name: str) -> None:
        """Drop the cloud of that name; its results stay."""
        with self.writing() as session:
            session.execute(delete(CloudRow).where(CloudRow.name == name))
