"""Steps carried out on one host, with a ledger that is kept in memory."""

from pathlib import Path
from typing import Any

from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.host import Host
from rallycross.deployment.ledger import LedgerEntry
from rallycross.deployment.node import Node
from rallycross.deployment.runner import Terms
from rallycross.deployment.step import Plan, Step, Tell


class MemoryLedger:
    """A ledger that lasts as long as its test."""

    def __init__(self) -> None:
        self.made: dict[int, LedgerEntry] = {}
        self.ever: list[tuple[str, str]] = []

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Note it."""
        self.ever.append((kind, name))
        for row, made in self.made.items():
            if (made.kind, made.name) == (kind, name):
                self.made[row] = LedgerEntry(row, kind, name, detail)
                return row
        row = 1 + max(self.made, default=0)
        self.made[row] = LedgerEntry(row, kind, name, detail)
        return row

    def forgotten(self, row: int) -> None:
        """Drop it."""
        del self.made[row]

    def standing(self) -> list[LedgerEntry]:
        """Return all, in the order of making."""
        return [self.made[row] for row in sorted(self.made)]


class KilledError(BaseException):
    """The worker dies here."""


class MortalLedger(MemoryLedger):
    """A ledger whose user dies at the `last` thing that it notes, just before or just after the note."""

    def __init__(self, last: int, *, noted: bool) -> None:
        super().__init__()
        self.last, self._noted = last, noted

    def remember(self, kind: str, name: str, detail: dict[str, Any]) -> int:
        """Note it, and die in time."""
        self.last -= 1
        if not self.last and not self._noted:
            raise KilledError
        row = super().remember(kind, name, detail)
        if not self.last:
            raise KilledError
        return row


def carry(
    steps: list[Step],
    host: Host,
    *,
    root: str,
    tell: Tell,
    owner: str = "test",
    secrets: tuple[str, ...] = (),
    logs: Path | None = None,
) -> None:
    """Carry out steps on one host, as `carry_out` does on many."""
    terms = Terms(owner, secrets, logs)
    carry_out(Plan(tuple(steps)), [Node(host.name, host, root)], ledger=MemoryLedger(), terms=terms, tell=tell)


def noting(name: str, root: Path, *, needs: tuple[str, ...] = (), script: str = "", always: bool = False) -> Step:
    """Return a step that writes its name down when it is done."""
    return Step(name, f"{script}\necho {name} >> {root}/log", needs=needs, always=always)


def logged(root: Path) -> list[str]:
    """Return the names that such steps have written down."""
    log = root / "log"
    return log.read_text().split() if log.exists() else []
