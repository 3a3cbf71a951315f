"""The store's part for the ledger: what stands in a cloud because a run asked for it.

A row is written before its create is sent and deleted once the thing is known to be gone, so that whatever dies in
between, what it made can be found: by its id where the cloud had answered, by its name where it had not.
"""

import time
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from rallycross.results.models import LedgerRow
from rallycross.results.part import Part


class Ledger(Part):
    """Remembers, learns, forgets."""

    def remember(self, owner_uuid: str, cloud: str, kind: str, name: str, detail: dict[str, Any] | None = None) -> int:
        """Note that something of `kind` is about to be created for `owner_uuid`; return the row's id."""
        with self.database.engine.begin() as connection:
            return connection.execute(_new(owner_uuid, cloud, kind, name, detail or {})).scalar_one()

    def remember_once(self, owner_uuid: str, cloud: str, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Note it as `remember` does; what the owner has under that name gets the new detail, and keeps its place.

        In one transaction: at no moment is what stands known to nobody.
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
        """Note the id that the cloud has given it."""
        with self.database.engine.begin() as connection:
            connection.execute(update(LedgerRow).where(LedgerRow.id == row).values(resource_id=resource_id))

    def detailed(self, row: int, **more: Any) -> None:
        """Add to a row's detail."""
        with self.database.engine.begin() as connection:
            known = connection.execute(select(LedgerRow.detail).where(LedgerRow.id == row)).scalar()
            connection.execute(update(LedgerRow).where(LedgerRow.id == row).values(detail={**(known or {}), **more}))

    def forgotten(self, row: int) -> None:
        """Drop what is known to be gone."""
        with self.database.engine.begin() as connection:
            connection.execute(delete(LedgerRow).where(LedgerRow.id == row))

    def owners(self) -> list[tuple[str, str]]:
        """Return cloud and owner of all that stands or may stand."""
        query = select(LedgerRow.cloud, LedgerRow.owner_uuid).distinct().order_by(LedgerRow.cloud)
        with self.database.reading() as session:
            return [(cloud, owner) for cloud, owner in session.execute(query)]

    def standing(self, cloud: str, owner_uuid: str | None = None) -> list[LedgerRow]:
        """Return what stands or may stand in a cloud (for one owner), in the order of its creation."""
        query = select(LedgerRow).where(LedgerRow.cloud == cloud).order_by(LedgerRow.id)
        if owner_uuid is not None:
            query = query.where(LedgerRow.owner_uuid == owner_uuid)
        with self.database.reading() as session:
            return list(session.scalars(query))


def _new(owner_uuid: str, cloud: str, kind: str, name: str, detail: dict[str, Any]) -> ReturningInsert[int]:
    """Return the statement that adds a row, and gives its id."""
    values = {
        "owner_uuid": owner_uuid,
        "cloud": cloud,
        "kind": kind,
        "name": name,
        "detail": detail,
        "remembered_at": time.time(),
    }
    return insert(LedgerRow).values(values).returning(LedgerRow.id)
