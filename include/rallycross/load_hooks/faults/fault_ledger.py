"""Makes faults and undoes them. A fault is in the ledger from before it is made until it is undone.

Its owner is the workload, not the task, since faults are not resources that a clean-up deletes.
"""

import time
from collections.abc import Callable
from pathlib import Path

from rallycross.deployment.server import Server
from rallycross.errors import RallycrossError
from rallycross.load_hooks.faults.machine import Machine, at, kept
from rallycross.load_hooks.faults.scripts import Scripts
from rallycross.load_hooks.target import HookTarget
from rallycross.results.models import LedgerRow
from rallycross.results.store import Store

KIND = "fault"

# Pauses before each attempt to undo, in seconds: a machine that is rebooting may come back meanwhile.
_AGAIN = (0, 5, 15, 30)


def make(target: HookTarget, machine: Machine, what: str, scripts: Scripts, noted: Callable[[int], None]) -> None:
    """Record a fault in the ledger, pass its row to `noted`, and make it. A fault without an undo script has no row."""
    with at(machine.server, machine.known_hosts) as host:
        if scripts.undo:
            noted(
                target.store.ledger.remember(
                    target.workload, target.cloud, KIND, what, {**kept(machine), "undo": scripts.undo}
                )
            )
        host.run(scripts.do)


def undo_faults(store: Store, cloud: str, workload: str) -> dict[int, str]:
    """Undo all faults of a workload, the newest first; return the reasons of those that could not be undone, by row.

    Those stay in the ledger. A clean-up after a crashed run begins with this.
    """
    rows = [row for row in store.ledger.standing(cloud, workload) if row.kind == KIND]
    return {row.id: why for row in reversed(rows) if (why := undo(store, row))}


def undo(store: Store, row: LedgerRow) -> str:
    """Undo one fault; return the reason if that failed, or ""."""
    server = Server.of(row.detail["server"]) if row.detail["server"] else None
    known_hosts = Path(row.detail["known_hosts"]) if row.detail["known_hosts"] else None
    why = ""
    for pause in _AGAIN if server else _AGAIN[:1]:
        time.sleep(pause)
        try:
            with at(server, known_hosts) as host:
                host.run(row.detail["undo"])
        except RallycrossError as error:
            why = f"{row.name} could not be undone: {error}"
        else:
            store.ledger.forgotten(row.id)
            return ""
    return why
