"""Runs one step on one host to its end, or follows it if it runs already. Blocking: each has its own thread."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rallycross.deployment import detached
from rallycross.deployment.detached import LEASE, Holder, Locked
from rallycross.deployment.excerpt import excerpt
from rallycross.deployment.failure import StepFailed, StepFailure
from rallycross.deployment.host import HostLost
from rallycross.deployment.limits import describe
from rallycross.deployment.node import Node
from rallycross.deployment.step import Step
from rallycross.disk import naming
from rallycross.masking import masked
from rallycross.printable import printable, without_colours

AWAY = 120.0  # seconds that a host may be out of reach before the step counts as failed
_SHORTEST, _LONGEST = 0.05, 1.0  # seconds between two looks
_KILLED = 128 + 9
_LOG_KEPT = 1 << 16  # characters of a step's last output, for its failure


@dataclass(frozen=True)
class Terms:
    """What applies to every step of one deployment."""

    owner: str  # the owner of the lock
    secrets: tuple[str, ...] = field(default=(), repr=False)  # texts that no log and no message may show
    logs: Path | None = None  # the folder of the steps' logs
    away: float = AWAY  # seconds that a host may be out of reach


Result = TypeVar("Result")


class DeploymentStopped(Exception):  # noqa: N818
    """The deployment is stopping."""


def log_of(terms: Terms, node: Node, name: str) -> Path | None:
    """Return the log file of a step on a node; None if no logs are kept."""
    return terms.logs / f"{node.name} {name}.log".replace(" ", "-") if terms.logs else None


def hold(node: Node, holder: Holder, *, stopped: threading.Event) -> None:
    """Take the lock of a cloud on a node; raise `Locked` if it is still held after a dead holder's lease would end."""
    deadline = time.monotonic() + LEASE + 1
    while True:
        try:
            return detached.hold(node.host, node.root, holder)
        except Locked:
            if time.monotonic() > deadline or stopped.wait(0.5):
                raise


def run(
    step: Step,
    node: Node,
    terms: Terms,
    *,
    holder: Holder,
    stopped: threading.Event,
    started: Callable[[], None],
) -> None:
    """Run a step, or follow it if it runs or has ended already; raise `StepFailed`, or `DeploymentStopped`.

    It raises `DeploymentStopped` if `stopped` is set. A host that is out of reach is waited for. `started` is called
    just before this call itself starts the step.
    """
    _Run(step, node, terms, holder=holder, stopped=stopped).run(started)


class _Run:
    def __init__(self, step: Step, node: Node, terms: Terms, *, holder: Holder, stopped: threading.Event) -> None:
        self._step, self._node, self._terms, self._holder, self._stopped = step, node, terms, holder, stopped
        self._print = detached.fingerprint(step)
        self._log = log_of(terms, node, step.name)
        self._offset = 0  # bytes read of the host's log
        self._line = ""  # the last line, while it is incomplete
        self._said = ""

    def run(self, started: Callable[[], None]) -> None:
        sight = self._patiently(self._find)
        while sight.state == "running" and sight.print != self._print:  # an earlier version of the step
            self._pause(_LONGEST)
            sight = self._patiently(self._look)
        same_end = sight.state == "ended" and sight.print == self._print and sight.code == 0
        if sight.state != "running" and not (same_end and not self._step.always):
            started()
            self._patiently(self._start)
            sight = self._patiently(self._look)
        began = time.monotonic()
        while sight.state == "running":
            self._pause(min(_LONGEST, max(_SHORTEST, (time.monotonic() - began) * 0.05)))
            sight = self._patiently(self._look)
        self._take("\n" if self._line else "")
        self._judge(sight)
        self._patiently(lambda: detached.settle(self._node.host, self._node.root, self._step))

    def _find(self) -> detached.StepState:
        detached.hold(self._node.host, self._node.root, self._holder)
        self._offset, self._line, self._said = 0, "", ""
        if self._log:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.write_text("")
            self._log.chmod(0o600)
        sight = detached.look(self._node.host, self._node.root, self._step.name, holder=self._holder)
        if sight.state == "running" and sight.print == self._print:
            self._keep(sight.log)
        return sight

    def _start(self) -> None:
        for path, content in self._step.files.items():
            # The files may hold secrets.
            self._node.host.put(path, content, mode=0o700 if content.startswith("#!") else 0o600)
        if self._stopped.is_set():
            raise DeploymentStopped
        self._offset = 0
        detached.start(self._node.host, self._node.root, self._step)

    def _look(self) -> detached.StepState:
        sight = detached.look(
            self._node.host, self._node.root, self._step.name, holder=self._holder, offset=self._offset
        )
        self._keep(sight.log)
        return sight

    def _keep(self, log: str) -> None:
        self._offset += len(log.encode())
        self._take(log)

    def _take(self, text: str) -> None:
        """Keep whole lines only: a secret that comes in two halves would not be recognized."""
        *lines, self._line = (self._line + text).split("\n")
        whole = printable(without_colours(masked("".join(f"{line}\n" for line in lines), self._terms.secrets)))
        self._said = (self._said + whole)[-_LOG_KEPT:]
        if self._log and whole:
            with naming(self._log), self._log.open("a") as file:
                file.write(whole)

    def _judge(self, sight: detached.StepState) -> None:
        step, host = self._step, self._node.host
        if sight.state == "lost":
            disk = detached.full(host, self._node.root)
            raise self._failure(
                f"ended without an exit code: killed, or its host restarted, or the disk is full ({disk})"
            )
        if sight.code == _KILLED and sight.seconds >= int(step.limit):
            raise self._failure(f"not done within {describe(step.limit)}, and killed", code=sight.code)
        if sight.code:
            raise self._failure(f"exit code {sight.code}", code=sight.code, command=sight.command)

    def _failure(self, why: str, *, code: int | None = None, command: str = "") -> StepFailed:
        secrets = self._terms.secrets
        last = excerpt(self._said)
        return StepFailed(
            [StepFailure(self._step.name, self._node.name, masked(why, secrets), code, masked(command, secrets), last)]
        )

    def _patiently(self, ask: Callable[[], Result]) -> Result:
        """Call `ask` again while the host is out of reach, for as long as it may be."""
        deadline = None
        while True:
            try:
                return ask()
            except HostLost as error:
                deadline = deadline or time.monotonic() + self._terms.away
                if time.monotonic() > deadline:
                    raise self._failure(f"out of reach for {self._terms.away:g} s: {error}") from error
                self._pause(_LONGEST)

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise DeploymentStopped
