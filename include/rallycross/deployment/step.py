"""A step of a deployment, as data, and the events that report its progress."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rallycross.deployment.limits import step_limit


@dataclass(frozen=True)
class Step:
    """One named piece of work: put these files, run this script, on each of these hosts.

    A step is skipped if it has been done before with the same content. Its script must be able to run again after it
    was interrupted at any point.

    `undo` removes what the script leaves outside the cloud's folder, and stops what it has started. It is written to
    the ledger before the step begins. So it must not contain a secret, must succeed if the step ran only in part or
    not at all, and must not depend on what later steps make.
    """

    name: str
    script: str
    hosts: tuple[str, ...] = ()  # names of the nodes to run it on; empty = the first node
    needs: tuple[str, ...] = ()  # names of steps that must be done before, on all their hosts
    files: dict[str, str] = field(default_factory=dict)  # path on the host -> content
    limit: float = field(default_factory=step_limit)  # seconds
    always: bool = False  # run even if done before (a start, a check)
    title: str = ""  # shown to users; "" = the name
    leaves: str = ""  # what it leaves outside the cloud's folder, for `cloud show`; "" = nothing
    stays: str = ""  # what of that `undo` does not remove, for `cloud destroy`
    undo: str = ""  # bash
    undo_limit: float = field(default_factory=step_limit)  # seconds

    @property
    def words(self) -> str:
        """The title shown to users."""
        return self.title or self.name


@dataclass(frozen=True)
class Plan:
    """The steps of a deployment, and the secrets in them that must never be shown."""

    steps: tuple[Step, ...]
    secrets: tuple[str, ...] = field(default=(), repr=False)


Status = Literal["running", "done", "skipped", "failed"]


@dataclass(frozen=True)
class StepEvent:
    """A change of a step's status on one host."""

    name: str  # with the host's, if the step runs on several
    title: str
    status: Status
    at: float  # seconds since the epoch
    seconds: float = 0.0
    error: str = ""
    total: int = 0  # steps in this deployment; one that runs on several hosts counts once for each
    host: str = ""
    log: str = ""  # path of its log on this machine; "" = none is kept


Tell = Callable[[StepEvent], None]
