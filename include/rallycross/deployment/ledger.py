"""The ledger of one cloud's deployment: what exists, or may exist, because a deployment asked for it.

It is a protocol although only one class implements it outside tests: this package may not import the results
database, where the ledger is kept.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol


@dataclass(frozen=True)
class LedgerEntry:
    """A ledger entry: something that exists, or may exist."""

    row: int
    kind: str  # "node", "step", "server", or a provider's own word
    name: str
    detail: dict[str, Any]  # what undoing it needs; never a secret


class Ledger(Protocol):
    """Records what is about to be made, until it is known to be gone. Threads may share it."""

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Record what is about to be made, or update the detail of its entry. Return the entry's row."""

    def forgotten(self, row: int) -> None:
        """Delete the entry of something that is known to be gone."""

    def standing(self) -> list[LedgerEntry]:
        """Return all entries, in the order of their creation."""


class PartLedger:
    """The ledger of one part of a cloud, kept in the whole cloud's ledger under kinds with a prefix."""

    def __init__(self, whole: Ledger, prefix: str) -> None:
        self._whole, self._prefix = whole, f"{prefix}:"

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Record what is about to be made, or update the detail of its entry. Return the entry's row."""
        return self._whole.remember(self._prefix + kind, name, detail)

    def forgotten(self, row: int) -> None:
        """Delete the entry of something that is known to be gone."""
        self._whole.forgotten(row)

    def standing(self) -> list[LedgerEntry]:
        """Return the entries of this part, in the order of their creation."""
        return [
            replace(made, kind=made.kind.removeprefix(self._prefix))
            for made in self._whole.standing()
            if made.kind.startswith(self._prefix)
        ]
