"""A step of a deployment, as data, and what is told of it while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Step:
    """One named piece of work on one host: put these files, run this script.

    A step is skipped when it has been done before with the same content, so its script must leave
    nothing half made that a second run would stumble over.
    """

    name: str
    script: str
    needs: tuple[str, ...] = ()  # names of steps that must be done before
    files: dict[str, str] = field(default_factory=dict)  # path on the host -> content
    limit: float = 600  # seconds
    always: bool = False  # run even if done before (a start, a check)
    title: str = ""  # for people


@dataclass(frozen=True)
class StepEvent:
    """A step has changed its status."""

    name: str
    title: str
    status: Literal["running", "done", "skipped", "failed"]
    at: float  # seconds since the epoch
    seconds: float = 0.0
    error: str = ""
    total: int = 0  # steps in this deployment


Tell = Callable[[StepEvent], None]
