"""The part of the ledger that belongs to one task, or to one of its workloads or sets of contexts."""

from dataclasses import dataclass
from typing import Any

from rallycross.results.models import LedgerRow
from rallycross.results.store import Store


@dataclass(frozen=True)
class OwnedLedger:
    """Records what is made for an owner, before it is made."""

    store: Store
    cloud: str
    task: str  # uuid
    part: str | None = None  # uuid of a workload or a set of contexts; None = the whole task

    def remember(self, kind: str, name: str, **detail: Any) -> int:
        """Record that something is about to be created; return the row's id."""
        return self.store.ledger.remember(self.task, self.cloud, kind, name, {"part": self.part, **detail})

    def learned(self, row: int, resource: str) -> None:
        """Record the id that the cloud has given it."""
        self.store.ledger.learned(row, resource)

    def lost(self, row: int, *, over: bool) -> None:
        """Record that no answer says whether it was created. `over`: its request cannot create it any more."""
        self.store.ledger.detailed(row, lost="over" if over else "under way")

    def settled(self, row: int) -> None:
        """Record that it was created after all."""
        self.store.ledger.detailed(row, lost="")

    def forgotten(self, row: int) -> None:
        """Drop the row of something that is known to be gone."""
        self.store.ledger.forgotten(row)

    def standing(self) -> list[LedgerRow]:
        """Return the rows of everything that exists or may exist, in the order of creation."""
        rows = self.store.ledger.standing(self.cloud, self.task)
        return [row for row in rows if self.part in {None, row.detail.get("part")}]
