"""Faults that stand: each is in the ledger before it is made, and until it is undone.

Their owner is the workload, not the task: they are none of what is deleted in a cloud.
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

# How often, and after which seconds, an undo is tried again: a machine that has been rebooted comes back meanwhile.
_AGAIN = (0, 5, 15, 30)


def make(target: HookTarget, machine: Machine, what: str, scripts: Scripts, noted: Callable[[int], None]) -> None:
    """Write a fault down, tell its row in the ledger to `noted`, and make it. What needs no undoing has no row."""
    with at(machine.server, machine.known_hosts) as host:
        if scripts.undo:
            noted(
                target.store.ledger.remember(
                    target.workload, target.cloud, KIND, what, {**kept(machine), "undo": scripts.undo}
                )
            )
        host.run(scripts.do)


def undo_faults(store: Store, cloud: str, workload: str) -> dict[int, str]:
    """Undo what still stands of a workload, what was made last first; return what could not be undone, and why.

    That stays in the ledger. A run whose process has died in the middle of a load begins by this.
    """
    rows = [row for row in store.ledger.standing(cloud, workload) if row.kind == KIND]
    return {row.id: why for row in reversed(rows) if (why := undo(store, row))}


def undo(store: Store, row: LedgerRow) -> str:
    """Undo one fault; return why that could not be done, or ""."""
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
