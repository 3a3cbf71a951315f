"""The store's part for the ledger: the resources that runs created in clouds.

A row is written before the create request is sent, and deleted once the resource is known to be gone. So a resource can
be found whichever process dies in between: by its id if the cloud had answered, else by its name.
"""

import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from rallycross.results.models import LedgerRow
from rallycross.results.store_part import StorePart


class Ledger(StorePart):
    """Adds, updates and deletes the rows of resources."""

    def remember(self, owner_uuid: str, cloud: str, kind: str, name: str, detail: dict[str, Any] | None = None) -> int:
        """Add a row for a resource that is about to be created for `owner_uuid`; return the row's id."""
        with self.database.engine.begin() as connection:
            return connection.execute(_new(owner_uuid, cloud, kind, name, detail or {})).scalar_one()

    def remember_once(self, owner_uuid: str, cloud: str, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Add a row as `remember` does, or give the owner's row of that name the new detail; its id stays.

        This is one transaction, so that the resource has a row at every moment.
        """
        same = (
            LedgerRow.owner_uuid == owner_uuid,
            LedgerRow.cloud == cloud,
            LedgerRow.kind == kind,
            LedgerRow.name == name,
        )
        with self.database.engine.begin() as connection:
            known = connection.execute(
                update(LedgerRow).where(*same).values(detail=detail).returning(LedgerRow.id)
            ).scalar()
            return known or connection.execute(_new(owner_uuid, cloud, kind, name, detail)).scalar_one()

    def learned(self, row: int, resource_id: str) -> None:
        """Store the id that the cloud gave the resource."""
        with self.database.engine.begin() as connection:
            connection.execute(update(LedgerRow).where(LedgerRow.id == row).values(resource_id=resource_id))

    def detailed(self, row: int, **more: Any) -> None:
        """Add to a row's detail."""
        with self.database.engine.begin() as connection:
            known = connection.execute(select(LedgerRow.detail).where(LedgerRow.id == row)).scalar()
            connection.execute(update(LedgerRow).where(LedgerRow.id == row).values(detail={**(known or {}), **more}))

    def forgotten(self, row: int) -> None:
        """Delete the row of a resource that is gone."""
        with self.database.engine.begin() as connection:
            connection.execute(delete(LedgerRow).where(LedgerRow.id == row))

    def owners(self) -> list[tuple[str, str]]:
        """Return cloud and owner of all rows, each pair once."""
        query = select(LedgerRow.cloud, LedgerRow.owner_uuid).distinct().order_by(LedgerRow.cloud)
        with self.database.reading() as session:
            return [(cloud, owner) for cloud, owner in session.execute(query)]

    def counts(self, *, without: Collection[str] = ()) -> dict[str, int]:
        """Return how many rows each cloud has; those of some owners do not count."""
        query = select(LedgerRow.cloud, func.count()).group_by(LedgerRow.cloud)
        query = query.where(LedgerRow.owner_uuid.not_in(without))
        with self.database.reading() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def page(self, *, cloud: str = "", without: Collection[str] = (), after: int = 0, limit: int) -> list[LedgerRow]:
        """Return rows after the row with an id, in the order of their creation; of one cloud, or of all.

        Those of the owners in `without` are left out.
        """
        query = select(LedgerRow).where(LedgerRow.id > after).order_by(LedgerRow.id).limit(limit)
        query = query.where(LedgerRow.owner_uuid.not_in(without))
        if cloud:
            query = query.where(LedgerRow.cloud == cloud)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def standing(self, cloud: str, owner_uuid: str | None = None) -> list[LedgerRow]:
        """Return what exists, or may exist, in a cloud (for one owner), in the order of its creation."""
        query = select(LedgerRow).where(LedgerRow.cloud == cloud).order_by(LedgerRow.id)
        if owner_uuid is not None:
            query = query.where(LedgerRow.owner_uuid == owner_uuid)
        with self.database.reading() as session:
            return list(session.scalars(query))


def _new(owner_uuid: str, cloud: str, kind: str, name: str, detail: dict[str, Any]) -> ReturningInsert[int]:
    """Return the statement that adds a row and returns its id."""
    values = {
        "owner_uuid": owner_uuid,
        "cloud": cloud,
        "kind": kind,
        "name": name,
        "detail": detail,
        "remembered_at": time.time(),
    }
    return insert(LedgerRow).values(values).returning(LedgerRow.id)
