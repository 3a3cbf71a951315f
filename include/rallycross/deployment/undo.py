"""Undoes steps by the ledger, the last step first, and deletes the cloud's folders on all nodes in parallel."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from shlex import quote

from rallycross.deployment import detached, runner
from rallycross.deployment.detached import Holder
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.ledger import Ledger, LedgerEntry
from rallycross.deployment.limits import step_limit
from rallycross.deployment.node import Node
from rallycross.deployment.step import Status, StepEvent, Tell
from rallycross.errors import RallycrossError


def undo(ledger: Ledger, nodes: Sequence[Node], *, owner: str, tell: Tell) -> None:
    """Undo every step in the ledger and delete the cloud's folders; raise at the first that cannot be undone."""
    known = {node.name: node for node in nodes}
    places = [made for made in ledger.standing() if made.kind == "node"]
    with ExitStack() as stack:
        for made in places:
            if node := known.get(made.name):
                stack.enter_context(locked(node, owner))
                detached.kill(node.host, node.root)
        for made in reversed([made for made in ledger.standing() if made.kind == "step"]):
            if script := made.detail["undo"]:  # without it, what the step left stays
                with _told(tell, made):
                    limit = made.detail.get("undo_limit") or step_limit()
                    _node(known, made.detail["host"]).host.run(script, limit=limit)
            if stays := made.detail.get("stays"):
                title = f"Stays on {made.detail['host']}: {stays}"
                tell(StepEvent(f"stays {made.name}", title, "done", time.time(), host=made.detail["host"]))
            ledger.forgotten(made.row)
        # Deleting hundreds of megabytes of small files takes long, so the hosts do it in parallel.
        with ThreadPoolExecutor(max(1, len(places))) as pool:
            gone = [(made, pool.submit(_remove, _node(known, made.name), made.detail["root"])) for made in places]
            for made, future in gone:
                with _told(tell, made):
                    future.result()
                ledger.forgotten(made.row)


@contextmanager
def locked(node: Node, owner: str) -> Iterator[None]:
    """Hold the cloud's lock on a node."""
    holder = Holder(owner)
    runner.hold(node, holder, stopped=threading.Event())
    try:
        yield
    finally:
        with suppress(CommandFailed):  # the lock expires by itself
            detached.release(node.host, node.root, holder)


def _remove(node: Node, root: str) -> None:
    node.host.run(f"rm -rf -- {quote(root)}", limit=step_limit())


def _node(known: Mapping[str, Node], name: str) -> Node:
    if name not in known:
        raise RallycrossError(f"{name}: is no longer a server of this cloud - add it back to `provider` in the spec")
    return known[name]


@contextmanager
def _told(tell: Tell, made: LedgerEntry) -> Iterator[None]:
    began, epoch = time.monotonic(), time.time() - time.monotonic()
    title = f"Undo {made.name}" if made.kind == "step" else f"Remove {made.detail['root']} from {made.name}"

    def say(status: Status, error: str = "") -> None:
        now = time.monotonic()
        tell(StepEvent(f"undo {made.name}", title, status, epoch + now, now - began, error, host=made.name))

    say("running")
    try:
        yield
    except RallycrossError as error:
        say("failed", str(error))
        raise
    say("done")
