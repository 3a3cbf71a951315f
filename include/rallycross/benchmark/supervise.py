"""Supervises the processes that drive the load of one workload: starts, follows and stops them."""

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

LEAD = 0.02  # seconds from the message to the start, so that all processes have received it
TICK = 0.1  # seconds between two checks whether to stop
LOOK = 0.25  # seconds between two reads of the samples
SHOW = 1.0  # seconds between two updates of the progress
KILL = 1.5  # seconds, after those of `drain`, until a process is killed; Airflow kills this process after 5
LAST_WRITES = 5.0  # seconds for the cloud to finish requests of a killed process

_log = logger(__name__)


class LoadFailed(RallycrossError):  # noqa: N818 - reads as what it says
    """A load broke off; `detail` is the traceback of the process that failed."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


@dataclass
class Supervision:
    """One load, from its first message to the last."""

    processes: Sequence[LoadProcess]
    jobs: Sequence[Job]
    load_monitor: LoadMonitor
    stop: threading.Event
    drain: float  # seconds that iterations in flight have when the load is stopped
    show: Callable[[dict[str, Any]], None]
    begun: Callable[[float], None]  # called when the load begins, with that moment in seconds since the epoch
    started: Callable[[int], None]  # called with the number of each watched iteration that begins
    abort_on_sla_failure: bool = False
    missed: str | None = None  # the criterion because of which the load was stopped
    stopped: bool = False  # whether `stop` ended the load early
    seconds: float | None = None  # duration of the load
    health: dict[int, dict[str, Any]] = field(default_factory=dict)  # by shard
    _killed: float | None = None  # when a process was killed or died, in monotonic seconds

    def run(self) -> None:
        """Run the load until it ends or is stopped; raise `LoadFailed` when a process fails."""
        inbox: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        for shard, (process, job) in enumerate(zip(self.processes, self.jobs, strict=True)):
            process.deliver_to(inbox, shard)
            process.send(job)
        try:
            if self._wait_until_ready(inbox):
                self._follow(inbox)
            self._wait_for_last_writes()
        except LoadFailed:
            self._send_to_all(Stop(0))
            self._wait_for_last_writes()
            raise
        except BaseException:
            self._send_to_all(Stop(0))
            raise

    def _wait_for_last_writes(self) -> None:
        """After a kill, wait for the cloud: it may still be carrying out requests of the killed process."""
        if self._killed is not None and not self.jobs[0].context_data.cloud.is_none:
            time.sleep(max(0.0, self._killed + LAST_WRITES - time.monotonic()))

    def _wait_until_ready(self, inbox: "queue.SimpleQueue[tuple[int, Any]]") -> bool:
        ready = 0
        while ready < len(self.processes):
            _, message = _next(inbox, TICK)
            self._raise_if_failed(message)
            ready += isinstance(message, Ready)
            if self.stop.is_set():
                self._send_to_all(Stop(0))
                self.stopped = True
                return False
        return True

    def _follow(self, inbox: "queue.SimpleQueue[tuple[int, Any]]") -> None:
        lead = LEAD if len(self.processes) > 1 else 0
        origin, at = time.monotonic() + lead, time.time() + lead
        self._send_to_all(Go(origin))
        try:
            self.begun(at)
        except Exception:  # noqa: BLE001 - as in `_show`
            _log.exception("the start of the load cannot be recorded; the load goes on")
        looked = shown = origin
        over = math.inf  # when the processes of a stopped load are killed
        try:
            while len(self.health) < len(self.processes):
                self._handle(*_next(inbox, TICK), stopped=over < math.inf)
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
                if over == math.inf and len(self.health) < len(self.processes) and self._should_stop():
                    over = now + self.drain + KILL
                    self._send_to_all(Stop(self.drain))
        finally:
            elapsed = max(0.0, time.monotonic() - origin)
            self.seconds = self._reported_seconds() or elapsed
            self.load_monitor.look()
            self._show(elapsed)

    def _reported_seconds(self) -> float:
        """Return the duration that all load processes report, or else 0: this process may itself have stalled."""
        reported = [health.get("seconds") or 0.0 for health in self.health.values()]
        return max(reported) if len(reported) == len(self.processes) and all(reported) else 0.0

    def _handle(self, shard: int, message: Any, *, stopped: bool) -> None:
        match message:
            case Started():
                self.started(message.iteration)
            case Ended():
                self.health[shard] = message.health
            case Died() if stopped:  # we killed it, since it did not exit in time
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
        except Exception:  # noqa: BLE001 - a database that is down for a moment must not end a load of hours
            _log.exception("the progress of the load cannot be shown; the load goes on")

    def _should_stop(self) -> bool:
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

    def _send_to_all(self, message: Any) -> None:
        for process in self.processes:
            process.send(message)


def _next(inbox: "queue.SimpleQueue[tuple[int, Any]]", limit: float) -> tuple[int, Any]:
    """Return the next message, or (-1, None) after `limit` seconds without one."""
    try:
        return inbox.get(timeout=limit)
    except queue.Empty:
        return -1, None
