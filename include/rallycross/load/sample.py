"""Samples: each is one iteration as it was measured. All figures are computed from samples.

All times are seconds on the monotonic clock since the start of the workload's load.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class State(IntEnum):
    """What happened to an iteration that was due."""

    RAN = 0  # started when it was due, or at once in a closed loop
    QUEUED = 1  # was due while all workers were busy, and started when one was free
    DROPPED = 2  # was due while all workers were busy, and did not run
    WARM_UP = 3  # was due during the warm-up, whether it ran or not


@dataclass(slots=True)
class Action:
    """A timed step of an iteration, such as `nova.boot_server`: Rally's atomic action."""

    name: str
    depth: int  # 0 = directly in the iteration, 1 = within such an action, ...
    started: float
    ended: float
    failed: bool = False

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.ended - self.started


@dataclass(slots=True)
class Failure:
    """Why an iteration failed."""

    kind: str  # the exception's class name
    message: str
    detail: str = ""  # the traceback
    request_id: str = ""  # OpenStack's, of the request that failed


@dataclass(slots=True)
class Sample:
    """One iteration."""

    iteration: int  # 0-based, unique in the workload
    shard: int
    due: float | None  # when the iteration was due; None in a closed loop
    started: float
    ended: float
    idle: float = 0.0  # seconds spent in deliberate pauses
    failure: Failure | None = None
    actions: list[Action] = field(default_factory=list)  # in order of start
    state: State = State.RAN
    outputs: list[dict[str, Any]] = field(default_factory=list)  # shown in the report: see `load.iteration`

    @property
    def duration(self) -> float:
        """Seconds of work without pauses, as in Rally; in an open loop counted from when the iteration was due."""
        return self.ended - (self.started if self.due is None else self.due) - self.idle
