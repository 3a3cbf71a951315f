"""A load as data: what a runner asks of the load engine."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rallycross.load.pace import Pace, share


@dataclass(frozen=True)
class Load:
    """A load. A closed loop is an open loop whose iterations are all due at once, with a limit on the workers."""

    pace: Pace
    workers: int  # at most
    total: int | None  # number of iterations, if known beforehand
    seconds: float | None = None  # until the last iteration begins, if known beforehand
    timeout: float | None = None  # seconds that an iteration may take
    until: float = math.inf  # seconds after which no iteration begins; each worker begins one in any case
    users: tuple[tuple[float, int], ...] = ()  # (second, how many workers may run from then on); empty = all
    think: tuple[float, float] | None = None  # seconds between two iterations of a worker: minimum and maximum
    warm_up: float = 0.0  # seconds; iterations that begin in this time are not in the figures
    when_busy: Literal["queue", "drop"] = "queue"  # what happens to an iteration that is due while all workers are busy
    rate: float | None = None  # peak starts per second of an open loop
    max_processes: int | None = None  # that may drive it

    def begins(self, worker: int, seconds: float) -> float:
        """Return the first time, not before `seconds`, at which a worker (0-based) may begin an iteration."""
        if not self.users:
            return seconds
        for (start, users), (end, _) in pairwise((*self.users, (math.inf, 0))):
            if worker < users and seconds < end:
                return max(start, seconds)
        return math.inf

    def shard(self, index: int, of: int) -> "Load":
        """Return one process's part of the load: every `of`th iteration and worker."""
        return replace(
            self,
            pace=share(self.pace, index, of),
            workers=_share(self.workers, index, of),
        )


def _share(whole: int, index: int, of: int) -> int:
    return (whole - index + of - 1) // of


# What one process can drive, with a wide margin, without being the bottleneck. Measured: a start costs about 0.02 ms,
# a request 0.12 ms of CPU time; threads share one interpreter lock.
_STARTS_A_SECOND = 3000.0
_WORKERS = 1000
_THREADS = 32


def processes(load: Load, *, threads: bool, cpus: int) -> int:
    """Return how many processes should drive a load on a machine with `cpus` cores."""
    wanted = max(
        math.ceil((load.rate or 0) / _STARTS_A_SECOND),
        math.ceil(load.workers / (_THREADS if threads else _WORKERS)) if load.rate is None or threads else 1,
    )
    most = min(cpus, load.max_processes or cpus, load.workers, load.total or load.workers)
    return max(1, min(wanted, most))
