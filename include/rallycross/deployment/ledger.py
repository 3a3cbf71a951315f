"""The ledger of one cloud's deployment: what stands, or may stand, because a deploy has asked for it.

A protocol although one class alone implements it in earnest: the results database, which keeps it, is downstream.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol


@dataclass(frozen=True)
class Made:
    """Something that stands, or may stand."""

    row: int
    kind: str  # "node", "step", "server", or a provider's own word
    name: str
    detail: dict[str, Any]  # what undoing it needs; no secret


class Ledger(Protocol):
    """Remembers before something is made; forgets once it is known to be gone. Threads may share it."""

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Note that something is about to be made; what is noted already gets the new detail. Return its row."""

    def forgotten(self, row: int) -> None:
        """Drop what is known to be gone."""

    def standing(self) -> list[Made]:
        """Return what stands or may stand, in the order of its making."""


class Part:
    """A ledger of a provider's or an inner engine's own, kept in that of the whole under kinds with a prefix."""

    def __init__(self, whole: Ledger, prefix: str) -> None:
        self._whole, self._prefix = whole, f"{prefix}:"

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Note that something is about to be made."""
        return self._whole.remember(self._prefix + kind, name, detail)

    def forgotten(self, row: int) -> None:
        """Drop what is known to be gone."""
        self._whole.forgotten(row)

    def standing(self) -> list[Made]:
        """Return what stands or may stand of this part, in the order of its making."""
        return [
            replace(made, kind=made.kind.removeprefix(self._prefix))
            for made in self._whole.standing()
            if made.kind.startswith(self._prefix)
        ]
