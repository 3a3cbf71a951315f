"""The site of a test's own cloud."""

from pathlib import Path

from carrying import MemoryLedger

from rallycross.deployment import Site
from rallycross.deployment.runner import Terms
from rallycross.deployment.step import Tell


def a_site(
    folder: Path,
    *,
    tell: Tell = lambda _: None,
    ledger: MemoryLedger | None = None,
    owner: str = "test",
    away: float = 5,
    name: str = "mine",
) -> Site:
    """Return a site with its state in `folder`: the cloud's root, `logs`, and the keys that servers have shown."""
    return Site(
        cloud=name,
        root=str(folder / "root"),
        ledger=ledger or MemoryLedger(),
        terms=Terms(owner, logs=folder / "logs", away=away),
        tell=tell,
        known_hosts=folder / "known_hosts",
    )
