"""The site of a test's own cloud."""

from pathlib import Path

from carrying import MemoryLedger

from rallycross.deployment import Site
from rallycross.deployment.runner import Terms
from rallycross.deployment.step import Tell

ADDRESSES = [f"127.0.0.{number}" for number in range(11, 17)]  # of loopback all; the fixture `guests` answers at each


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


def let_in(folder: Path, account: dict[str, object], ledger: MemoryLedger | None = None) -> Site:
    """Return a site whose own key is the one that an SSH server of the tests' own lets in."""
    made = a_site(folder, ledger=ledger)
    key, ours = Path(str(account["key_filename"])), Path(f"{made.root}.key")
    ours.parent.mkdir(parents=True, exist_ok=True)
    ours.write_text(key.read_text())
    ours.with_suffix(".pub").write_text(key.with_suffix(".pub").read_text())
    return made
