"""The part of the ledger that belongs to one task, or to one workload or set of contexts of it."""

from dataclasses import dataclass
from typing import Any

from rallycross.results.models import LedgerRow
from rallycross.results.store import Store


@dataclass(frozen=True)
class OwnedLedger:
    """Remembers what is made for an owner, before it is made."""

    store: Store
    cloud: str
    task: str  # uuid
    part: str | None = None  # of a workload or a set of contexts: its uuid; None = all of the task

    def remember(self, kind: str, name: str, **detail: Any) -> int:
        """Note that something is about to be created; return the row's id."""
        return self.store.ledger.remember(self.task, self.cloud, kind, name, {"part": self.part, **detail})

    def learned(self, row: int, resource: str) -> None:
        """Note the id that the cloud has given it."""
        self.store.ledger.learned(row, resource)

    def lost(self, row: int, *, over: bool) -> None:
        """Note that no answer says whether it was created; and whether its request is over, or may yet create it."""
        self.store.ledger.detailed(row, lost="over" if over else "under way")

    def settled(self, row: int) -> None:
        """Note that it was created after all."""
        self.store.ledger.detailed(row, lost="")

    def forgotten(self, row: int) -> None:
        """Drop what is known to be gone."""
        self.store.ledger.forgotten(row)

    def standing(self) -> list[LedgerRow]:
        """Return what stands or may stand, in the order of its creation."""
        rows = self.store.ledger.standing(self.cloud, self.task)
        return [row for row in rows if self.part in {None, row.detail.get("part")}]
