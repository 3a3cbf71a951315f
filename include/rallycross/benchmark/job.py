"""The messages between a load process and its parent."""

from dataclasses import dataclass, field
from typing import Any

from rallycross.cloud.context_data import ContextData
from rallycross.load_hooks.trigger import Iterations
from rallycross.task.plan import Timing


@dataclass(frozen=True)
class Job:
    """One shard of one workload's load. Answered by `Ready`, or by `Failed`."""

    workload: str  # uuid
    scenario: str
    args: dict[str, Any]  # resolved
    runner: str
    runner_args: dict[str, Any]
    shard: int  # 0-based
    of: int
    context_data: ContextData = field(repr=False)
    timing: Timing
    samples: str  # path of the file to write
    secrets: tuple[str, ...] = field(default=(), repr=False)  # of the task; removed from samples
    watched: Iterations = field(default_factory=Iterations)  # whose start is reported, counted from 1


@dataclass(frozen=True)
class Go:
    """Begin the load. Answered by a `Started` for each watched iteration, and by `Ended` or `Failed`."""

    origin: float  # time zero of all samples, on the monotonic clock, which all processes share


@dataclass(frozen=True)
class Stop:
    """Begin no further iteration."""

    drain: float  # seconds after which iterations in flight are cancelled


@dataclass(frozen=True)
class Ready:
    """All users are signed in."""


@dataclass(frozen=True)
class Started:
    """A watched iteration has begun."""

    iteration: int  # counted from 1, as Rally does


@dataclass(frozen=True)
class Ended:
    """The last iteration has ended, and all samples are on disk."""

    health: dict[str, Any]  # see `load.health`


@dataclass(frozen=True)
class Failed:
    """The load could not begin, or broke off."""

    error: str
    detail: str  # the traceback
