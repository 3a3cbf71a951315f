"""A step of a deployment, as data, and what is told of it while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rallycross.deployment.limits import step_limit


@dataclass(frozen=True)
class Step:
    """One named piece of work: put these files, run this script, on each of these hosts.

    A step is skipped when it has been done before with the same content, so its script must leave
    nothing half made that a second run would stumble over.

    `undo` takes back what the script leaves outside of the cloud's folder, and ends what it has started. It goes into
    the ledger before the step begins, so it must hold no secret, must be content where the step came only half the
    way or not at all, and must not need what later steps make.
    """

    name: str
    script: str
    hosts: tuple[str, ...] = ()  # names of the nodes to run it on; none = the first node
    needs: tuple[str, ...] = ()  # names of steps that must be done before, on all of their hosts
    files: dict[str, str] = field(default_factory=dict)  # path on the host -> content
    limit: float = field(default_factory=step_limit)  # seconds
    always: bool = False  # run even if done before (a start, a check)
    title: str = ""  # for people
    leaves: str = ""  # what it leaves outside of the cloud's folder, for `cloud show`; "" = nothing
    stays: str = ""  # of that, what `undo` does not take away, for `cloud destroy` to name
    undo: str = ""  # bash
    undo_limit: float = field(default_factory=step_limit)  # seconds

    @property
    def words(self) -> str:
        """What people are told that it is."""
        return self.title or self.name


@dataclass(frozen=True)
class Plan:
    """What an engine wants done, and which words of it must be shown to nobody."""

    steps: tuple[Step, ...]
    secrets: tuple[str, ...] = field(default=(), repr=False)


Status = Literal["running", "done", "skipped", "failed"]


@dataclass(frozen=True)
class StepEvent:
    """A step has changed its status on one host."""

    name: str  # with the host, where the step is done on several
    title: str
    status: Status
    at: float  # seconds since the epoch
    seconds: float = 0.0
    error: str = ""
    total: int = 0  # steps in this deployment, those on several hosts counted on each
    host: str = ""
    log: str = ""  # path of what it has said, on this machine; "" = nothing is kept


Tell = Callable[[StepEvent], None]
