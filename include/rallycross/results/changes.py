"""The store's part for changes: what change detection has found in the histories of recipes."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import or_, select, update

from rallycross.results.models import ChangeRow
from rallycross.results.store_part import StorePart

_KEY = ["series", "first_task"]


@dataclass(frozen=True)
class Change:
    """A confirmed change of a figure; see `models.ChangeRow`."""

    cloud: str
    recipe: str
    series: str
    scenario: str
    position: int
    action: str
    depth: int
    figure: str
    worse: bool
    size: float
    low: float
    high: float
    runs: int
    first_task: str
    began_at: float
    found_task: str
    environment: list[dict[str, Any]]


class Changes(StorePart):
    """Stores changes once, and what was done about them."""

    def add(self, changes: Sequence[Change]) -> None:
        """Store changes; one that is stored already is not changed."""
        with self.database.writing() as session:
            for one in changes:
                values = {**asdict(one), "found_at": time.time(), "acknowledged_by": "", "note": ""}
                self.database.upsert(session, ChangeRow, values, key=_KEY, update=[])

    def get(self, number: int) -> ChangeRow | None:
        """Return the change with this id."""
        with self.database.reading() as session:
            return session.get(ChangeRow, number)

    def found_by(self, task: str) -> list[ChangeRow]:
        """Return the changes that were found after this task."""
        query = select(ChangeRow).where(ChangeRow.found_task == task).order_by(ChangeRow.id)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def of_runs(self, tasks: Sequence[str]) -> list[ChangeRow]:
        """Return the changes that began, or were found, with one of these tasks, in the order of their beginning."""
        among = or_(ChangeRow.first_task.in_(list(tasks)), ChangeRow.found_task.in_(list(tasks)))
        with self.database.reading() as session:
            return list(session.scalars(select(ChangeRow).where(among).order_by(ChangeRow.began_at, ChangeRow.id)))

    def latest(
        self, *, cloud: str | None = None, recipe: str | None = None, limit: int | None = None
    ) -> list[ChangeRow]:
        """Return the changes of a cloud and a recipe (None: any), newest first; without a limit if it is None."""
        query = select(ChangeRow).order_by(ChangeRow.found_at.desc(), ChangeRow.id).limit(limit)
        if cloud is not None:
            query = query.where(ChangeRow.cloud == cloud)
        if recipe is not None:
            query = query.where(ChangeRow.recipe == recipe)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def acknowledge(self, number: int, *, by: str, note: str) -> None:
        """Store that someone knows of a change; a later acknowledgement replaces an earlier one."""
        values = {"acknowledged_at": time.time(), "acknowledged_by": by, "note": note}
        with self.database.writing() as session:
            session.execute(update(ChangeRow).where(ChangeRow.id == number).values(**values))

    def claim_notification(self, number: int) -> bool:
        """Mark a change as notified; return False if it was already, or is acknowledged."""
        free = (ChangeRow.id == number, ChangeRow.notified_at.is_(None), ChangeRow.acknowledged_at.is_(None))
        with self.database.writing() as session:
            claimed = session.execute(update(ChangeRow).where(*free).values(notified_at=time.time()))
            return bool(claimed.rowcount)  # type: ignore[attr-defined]

    def release_notification(self, number: int) -> None:
        """Mark a change as not notified, after its notification could not be sent."""
        with self.database.writing() as session:
            session.execute(update(ChangeRow).where(ChangeRow.id == number).values(notified_at=None))
