"""Runs the steps of a plan on nodes: in parallel where possible, skipping those already done, reporting each."""

import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from rallycross.deployment import detached, runner
from rallycross.deployment.detached import Holder
from rallycross.deployment.failure import StepFailed, StepFailure
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.ledger import Ledger
from rallycross.deployment.node import Node
from rallycross.deployment.runner import Terms
from rallycross.deployment.step import Plan, Status, Step, StepEvent, Tell
from rallycross.disk import said

_SIDE_BY_SIDE = 4  # steps at once on one node; more would only compete for its disk and processors
_NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_+ -]*")  # names files on the host


@dataclass(frozen=True)
class NodeStep:
    """One step on one node. Its name includes the node's if the step runs on several."""

    step: Step  # with `needs` as names of node steps
    node: Node
    on_host: Step  # under the name that the host's files have


def node_steps(plan: Plan, nodes: Sequence[Node]) -> dict[str, NodeStep]:
    """Return a plan's steps on their nodes, by name; raise `ValueError` for an inconsistent plan."""
    by_name = {step.name: step for step in plan.steps}
    known = {node.name: node for node in nodes}
    hosts = {step.name: step.hosts or (nodes[0].name,) for step in plan.steps}
    if len(by_name) < len(plan.steps) or any(need not in by_name for step in plan.steps for need in step.needs):
        raise ValueError("step names must be unique, and `needs` may name only steps of this plan")
    if bad := [step.name for step in plan.steps if not _NAME.fullmatch(step.name)]:
        raise ValueError(f"step names may have letters, digits, '_', '+', '-' and spaces only: {bad}")
    if bad := sorted({host for chosen in hosts.values() for host in chosen} - known.keys()):
        raise ValueError(f"steps name unknown hosts: {bad}")

    def named(name: str, host: str) -> str:
        return name if len(hosts[name]) == 1 else f"{name} on {host}"

    found = {}
    for step in plan.steps:
        needs = tuple(named(need, host) for need in step.needs for host in hosts[need])
        for host in hosts[step.name]:
            name = named(step.name, host)
            found[name] = NodeStep(replace(step, name=name, needs=needs), known[host], step)
    TopologicalSorter({name: node_step.step.needs for name, node_step in found.items()}).prepare()
    return found


def outstanding(steps: list[Step], kept: dict[str, str]) -> set[str]:
    """Return the names of the steps to run; `kept` has the fingerprints of those done before.

    A step runs if it is `always`, if it has changed, or if it needs a step that runs. An `always` step does not make
    its dependents run: they would run each time.
    """
    by_name = {step.name: step for step in steps}
    to_do: set[str] = set()
    for name in TopologicalSorter({step.name: step.needs for step in steps}).static_order():
        step = by_name[name]
        renewed = any(need in to_do and not by_name[need].always for need in step.needs)
        if step.always or renewed or kept.get(name) != detached.fingerprint(step):
            to_do.add(name)
    return to_do


def carry_out(plan: Plan, nodes: Sequence[Node], *, ledger: Ledger, terms: Terms, tell: Tell) -> None:
    """Run the outstanding steps of a plan; raise `StepFailed` if one fails, after those running beside it have ended.

    Steps that name no host run on the first node. A step that is already running is followed, so a caller may be
    killed at any time. Callers with the same owner share the lock; another owner waits until the lease of a dead
    caller would have expired, and then raises `detached.Locked`. `tell` is called in the caller's thread. If the
    caller is interrupted, or `tell` raises, the steps that this call started are killed.
    """
    found = node_steps(plan, nodes)
    terms = replace(terms, secrets=(*terms.secrets, *plan.secrets))
    used = list({node_step.node.name: node_step.node for node_step in found.values()}.values())
    holder, stopped = Holder(terms.owner), threading.Event()
    for node in used:
        # Before anything is created there, even the folder.
        ledger.remember("node", node.name, {"root": node.root})
        runner.hold(node, holder, stopped=stopped)
    try:
        to_do = select_outstanding(found, used)
        _Execution(found, to_do, ledger=ledger, terms=terms, tell=tell, holder=holder, stopped=stopped).run()
    finally:
        for node in used:
            with suppress(CommandFailed):  # the lock expires by itself
                detached.release(node.host, node.root, holder)


def select_outstanding(found: dict[str, NodeStep], nodes: Sequence[Node]) -> set[str]:
    """Return the names of the node steps to run, and drop the hosts' marks of earlier runs with other content."""
    marks = {node.name: detached.done(node.host, node.root) for node in nodes}
    kept = {
        name: marks[node_step.node.name][node_step.on_host.name]
        for name, node_step in found.items()
        if node_step.on_host.name in marks[node_step.node.name]
    }
    to_do = outstanding([node_step.step for node_step in found.values()], kept)
    for node in nodes:
        # Before the first step begins: if we are killed in between, an old mark must not count as done.
        stale = {found[name].on_host.name for name in to_do & set(kept) if found[name].node is node}
        if stale:
            detached.drop(node.host, node.root, stale)
    return to_do


class _Execution:
    """One execution of a plan's node steps."""

    def __init__(
        self,
        found: dict[str, NodeStep],
        to_do: set[str],
        *,
        ledger: Ledger,
        terms: Terms,
        tell: Tell,
        holder: Holder,
        stopped: threading.Event,
    ) -> None:
        self._node_steps, self._to_do, self._ledger, self._terms, self._tell = found, to_do, ledger, terms, tell
        self._order = TopologicalSorter({name: node_step.step.needs for name, node_step in found.items()})
        self._waiting: deque[NodeStep] = deque()
        self._running: dict[Future[None], tuple[NodeStep, float]] = {}  # with the monotonic time at which it began
        self._begun: set[str] = set()  # started by this execution, which kills them if it is interrupted
        self._failures: list[StepFailure] = []
        self._holder, self._stopped = holder, stopped
        self._epoch = time.time() - time.monotonic()  # the wall clock is read once

    def run(self) -> None:
        self._order.prepare()
        most = _SIDE_BY_SIDE * len({node_step.node.name for node_step in self._node_steps.values()}) or 1
        with ThreadPoolExecutor(most, thread_name_prefix="step") as pool:
            try:
                while self._order.is_active() and (self._running or not self._failures):
                    self._sort_ready()
                    for node_step in [] if self._failures else self._chosen():
                        self._begin(node_step, pool)
                    for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                        self._end(future)
            except BaseException:
                self._stopped.set()
                wait(self._running)
                for future, (node_step, began) in self._running.items():
                    with suppress(Exception):  # the exception that is already raised says more
                        self._cut_off(future, node_step, began)
                raise
        if self._failures:
            raise StepFailed(self._failures)

    def _sort_ready(self) -> None:
        """Skip steps that are done already, and queue those that are ready to run."""
        while ready := self._order.get_ready():
            for node_step in map(self._node_steps.__getitem__, ready):
                if node_step.step.name in self._to_do:
                    self._waiting.append(node_step)
                else:
                    self._say(node_step, "skipped", time.monotonic())
                    self._order.done(node_step.step.name)

    def _chosen(self) -> list[NodeStep]:
        """Take the waiting steps whose node has a free place."""
        busy = [node_step.node.name for node_step, _ in self._running.values()]
        chosen = []
        for node_step in list(self._waiting):
            if busy.count(node_step.node.name) < _SIDE_BY_SIDE:
                busy.append(node_step.node.name)
                self._waiting.remove(node_step)
                chosen.append(node_step)
        return chosen

    def _begin(self, node_step: NodeStep, pool: ThreadPoolExecutor) -> None:
        now = time.monotonic()
        self._say(node_step, "running", now)
        self._running[pool.submit(self._do, node_step)] = (node_step, now)

    def _do(self, node_step: NodeStep) -> None:
        def started() -> None:
            self._begun.add(node_step.step.name)

        if node_step.step.undo or node_step.step.leaves:
            remember(self._ledger, node_step)
        runner.run(
            node_step.on_host, node_step.node, self._terms, holder=self._holder, stopped=self._stopped, started=started
        )

    def _end(self, future: Future[None]) -> None:
        node_step, began = self._running.pop(future)
        self._begun.discard(node_step.step.name)
        error = future.exception()
        if error is None:
            self._say(node_step, "done", began)
            self._order.done(node_step.step.name)
            return
        if isinstance(error, StepFailed):
            failures = [replace(failure, step=node_step.step.name) for failure in error.failures]
        else:
            failures = [
                StepFailure(
                    node_step.step.name, node_step.node.name, said(error).removeprefix(f"{node_step.node.name}: ")
                )
            ]
        self._say(node_step, "failed", began, error="\n".join(map(str, failures)))
        self._failures += failures

    def _cut_off(self, future: Future[None], node_step: NodeStep, began: float) -> None:
        """Kill a step of an interrupted deployment, if this execution started it, and report its state."""
        if future.exception() is None:
            return self._say(node_step, "done", began)
        node = node_step.node
        if node_step.step.name not in self._begun:
            what = f"{node.name}: interrupted; the step keeps running there if an earlier deploy started it"
        else:
            try:
                detached.kill(node.host, node.root, [node_step.on_host.name])
                what = f"{node.name}: interrupted, and killed there"
            except CommandFailed:  # for example, the host is out of reach
                what = (
                    f"{node.name}: interrupted; the step cannot be killed, and runs there for at most"
                    f" {node_step.step.limit:g} s"
                )
        self._say(node_step, "failed", began, error=what)
        return None

    def _say(self, node_step: NodeStep, status: Status, began: float, *, error: str = "") -> None:
        now = time.monotonic()
        log = (
            "" if status == "skipped" else str(runner.log_of(self._terms, node_step.node, node_step.on_host.name) or "")
        )
        title = (
            node_step.step.words
            if node_step.step.name == node_step.on_host.name
            else f"{node_step.step.words} on {node_step.node.name}"
        )
        self._tell(
            StepEvent(
                node_step.step.name,
                title,
                status,
                self._epoch + now,
                now - began,
                error,
                total=len(self._node_steps),
                host=node_step.node.name,
                log=log,
            )
        )


def remember(ledger: Ledger, node_step: NodeStep) -> None:
    """Record, before a node step begins, how to undo it."""
    detail = {
        "host": node_step.node.name,
        "undo": node_step.step.undo,
        "undo_limit": node_step.step.undo_limit,
        "leaves": node_step.step.leaves,
        "stays": node_step.step.stays if node_step.step.undo else node_step.step.leaves,
    }
    ledger.remember("step", node_step.step.name, detail)
