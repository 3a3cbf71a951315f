"""What a runner asks of the engine, as data."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rallycross.load.pace import Pace, share


@dataclass(frozen=True)
class Load:
    """A closed loop is an open one whose iterations are all due at once, with a cap on the workers."""

    pace: Pace
    workers: int  # at the most
    total: int | None  # iterations, where that is known beforehand
    seconds: float | None = None  # that it takes to begin them all, where that is known beforehand
    timeout: float | None = None  # seconds that an iteration may take
    until: float = math.inf  # seconds after which no iteration begins; each worker begins one in any case
    users: tuple[tuple[float, int], ...] = ()  # (second, how many workers may run from then on); none: all of them
    think: tuple[float, float] | None = None  # seconds between two iterations of a worker: least and most
    warm_up: float = 0.0  # seconds; iterations that begin in them are not in the figures
    when_busy: Literal["queue", "drop"] = "queue"  # what becomes of an iteration that is due while all workers are busy
    rate: float | None = None  # starts a second at its height, of an open loop
    max_processes: int | None = None  # to drive it by

    def begins(self, worker: int, seconds: float) -> float:
        """Return the first moment, not before `seconds`, at which a worker (0-based) may begin an iteration."""
        if not self.users:
            return seconds
        for (start, users), (end, _) in pairwise((*self.users, (math.inf, 0))):
            if worker < users and seconds < end:
                return max(start, seconds)
        return math.inf

    def shard(self, index: int, of: int) -> "Load":
        """Return the part of the load that one of several processes drives: every nth iteration, every nth worker."""
        return replace(
            self,
            pace=share(self.pace, index, of),
            workers=_share(self.workers, index, of),
        )


def _share(whole: int, index: int, of: int) -> int:
    return (whole - index + of - 1) // of


# What one process can drive without being the bottleneck, with a wide margin: measured, a start costs some 0.02 ms and
# a request 0.12 ms of a core; threads share one interpreter lock.
_STARTS_A_SECOND = 3000.0
_WORKERS = 1000
_THREADS = 32


def processes(load: Load, *, threads: bool, cpus: int) -> int:
    """Return by how many processes a load is to be driven on a machine with so many cores."""
    wanted = max(
        math.ceil((load.rate or 0) / _STARTS_A_SECOND),
        math.ceil(load.workers / (_THREADS if threads else _WORKERS)) if load.rate is None or threads else 1,
    )
    most = min(cpus, load.max_processes or cpus, load.workers, load.total or load.workers)
    return max(1, min(wanted, most))
