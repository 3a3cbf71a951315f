"""Drives one workload's load by its processes: starts them together, follows them, stops them."""

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rallycross.benchmark.job import Ended, Failed, Go, Job, Ready, Started, Stop
from rallycross.benchmark.load_monitor import LoadMonitor
from rallycross.benchmark.process_pool import Died, LoadProcess
from rallycross.errors import RallycrossError
from rallycross.safe_logging import logger

LEAD = 0.02  # seconds from the word to the start, so that all processes have heard it
TICK = 0.1  # seconds between two looks at whether to stop
LOOK = 0.25  # seconds between two looks at the samples
SHOW = 1.0  # seconds between two shows of the progress
KILL = 1.5  # seconds that a process has to end after those in which its iterations may; Airflow ends us after 5
LAST_WRITES = 5.0  # seconds that the cloud has for what a process that was killed had asked for

_log = logger(__name__)


class LoadFailed(RallycrossError):  # noqa: N818 - reads as what it says
    """A load could not be driven to its end; `detail` is the traceback of the process that could not."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


@dataclass
class Supervision:
    """One load, from the first word to the last."""

    processes: Sequence[LoadProcess]
    jobs: Sequence[Job]
    load_monitor: LoadMonitor
    stop: threading.Event
    drain: float  # seconds that iterations in flight have when the load is stopped
    show: Callable[[dict[str, Any]], None]
    begun: Callable[[float], None]  # called when the load begins, with the moment of it, in seconds of the epoch
    started: Callable[[int], None]  # called with the number of each watched iteration that begins
    abort_on_sla_failure: bool = False
    missed: str | None = None  # the criterion that the load was stopped for
    stopped: bool = False  # before its end, by `stop`
    seconds: float | None = None  # that the load took
    health: dict[int, dict[str, Any]] = field(default_factory=dict)  # by shard
    _killed: float | None = None  # when a process was killed, by us or another, in monotonic seconds

    def run(self) -> None:
        """Drive the load to its end, or until it is stopped; raise `LoadFailed` when a process cannot go on."""
        inbox: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        for shard, (process, job) in enumerate(zip(self.processes, self.jobs, strict=True)):
            process.answer_to(inbox, shard)
            process.tell(job)
        try:
            if self._wait_until_ready(inbox):
                self._follow(inbox)
            self._wait_for_last_writes()
        except LoadFailed:
            self._tell_all(Stop(0))
            self._wait_for_last_writes()
            raise
        except BaseException:
            self._tell_all(Stop(0))
            raise

    def _wait_for_last_writes(self) -> None:
        """Give the cloud its time: it goes on with what it was asked for, whoever has asked, and is gone since."""
        if self._killed is not None and not self.jobs[0].context_data.cloud.is_none:
            time.sleep(max(0.0, self._killed + LAST_WRITES - time.monotonic()))

    def _wait_until_ready(self, inbox: "queue.SimpleQueue[tuple[int, Any]]") -> bool:
        ready = 0
        while ready < len(self.processes):
            _, message = _next(inbox, TICK)
            self._raise_if_failed(message)
            ready += isinstance(message, Ready)
            if self.stop.is_set():
                self._tell_all(Stop(0))
                self.stopped = True
                return False
        return True

    def _follow(self, inbox: "queue.SimpleQueue[tuple[int, Any]]") -> None:
        lead = LEAD if len(self.processes) > 1 else 0
        origin, at = time.monotonic() + lead, time.time() + lead
        self._tell_all(Go(origin))
        try:
            self.begun(at)
        except Exception:  # noqa: BLE001 - as in `_show`
            _log.exception("the begin of the load cannot be kept; the load goes on")
        looked = shown = origin
        over = math.inf  # when a load that was stopped must have ended
        try:
            while len(self.health) < len(self.processes):
                self._hear(*_next(inbox, TICK), stopped=over < math.inf)
                now = time.monotonic()
                if now >= over:
                    self._kill()
                    over = now + KILL
                if now - looked >= LOOK:
                    self.load_monitor.look()
                    looked = now
                if now - shown >= SHOW:
                    self._show(now - origin)
                    shown = now
                if over == math.inf and len(self.health) < len(self.processes) and self._is_to_stop():
                    over = now + self.drain + KILL
                    self._tell_all(Stop(self.drain))
        finally:
            elapsed = max(0.0, time.monotonic() - origin)
            self.seconds = self._told_seconds() or elapsed
            self.load_monitor.look()
            self._show(elapsed)

    def _told_seconds(self) -> float:
        """Return what the load took where it was made, if all have told: this process may have stood still itself."""
        told = [health.get("seconds") or 0.0 for health in self.health.values()]
        return max(told) if len(told) == len(self.processes) and all(told) else 0.0

    def _hear(self, shard: int, message: Any, *, stopped: bool) -> None:
        match message:
            case Started():
                self.started(message.iteration)
            case Ended():
                self.health[shard] = message.health
            case Died() if stopped:  # by us, since it did not end
                self.health[shard] = {}
            case _:
                self._raise_if_failed(message)

    def _kill(self) -> None:
        self._killed = time.monotonic()
        for shard, process in enumerate(self.processes):
            if shard not in self.health:
                process.kill()

    def _show(self, elapsed: float) -> None:
        try:
            self.show(self.load_monitor.progress(elapsed))
        except Exception:  # noqa: BLE001 - a database that is away for a moment must not end a load of hours
            _log.exception("the progress of the load cannot be shown; the load goes on")

    def _is_to_stop(self) -> bool:
        if self.stop.is_set():
            self.stopped = True
            return True
        if self.abort_on_sla_failure:
            self.missed = self.load_monitor.hopeless()
        return self.missed is not None

    def _raise_if_failed(self, message: Any) -> None:
        if isinstance(message, Died):
            self._killed = time.monotonic()
            raise LoadFailed(str(message))
        if isinstance(message, Failed):
            raise LoadFailed(message.error, message.detail)

    def _tell_all(self, message: Any) -> None:
        for process in self.processes:
            process.tell(message)


def _next(inbox: "queue.SimpleQueue[tuple[int, Any]]", limit: float) -> tuple[int, Any]:
    """Return the next message, or (-1, None) where none comes in time."""
    try:
        return inbox.get(timeout=limit)
    except queue.Empty:
        return -1, None
