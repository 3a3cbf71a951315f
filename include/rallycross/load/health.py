"""The health of the load generator: its CPU time, how late its event loop runs, and why."""

import asyncio
import os
import re
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from rallycross.load.histogram import SECOND, Histogram, nanoseconds

TICK = 0.02  # seconds between two checks of the event loop's lag
BEAT = 0.1  # seconds between two beats of the thread that shows whether the process runs while its loop stalls
LOST = 0.05  # a lag of this many seconds or more counts as lost time
STOOD = 0.25  # a lag of this many seconds or more is a stall
KEPT = 100  # stalls that are kept: the longest

_FOLD = 500  # lags that are added to the histogram at a time
_SELDOM = 50  # checks between two reads of the more expensive counters

Cause = Literal["stopped", "suspended", "throttled", "starved", "busy", "blocked"]


@dataclass(frozen=True)
class LoopStall:
    """A stall of the event loop. `since` and `until` are seconds since the start of the load."""

    since: float
    until: float
    seconds: float
    cause: Cause


@dataclass(frozen=True)
class _Usage:
    """The counters so far, in seconds."""

    cpu: float  # CPU time of the event loop's thread
    delay: float  # in which that thread was ready to run and waited for a core
    suspended: float  # in which the machine was suspended; the monotonic clock leaves them out
    throttled: float  # in which the cgroup had used up its quota
    beats: int  # of the thread `_Beats`

    def less(self, before: Self) -> "_Usage":
        """Return the difference from `before`."""
        return _Usage(
            self.cpu - before.cpu,
            self.delay - before.delay,
            self.suspended - before.suspended,
            self.throttled - before.throttled,
            self.beats - before.beats,
        )


class Health:
    """Monitors the process that drives a load. Must be created on the thread of the event loop.

    `clock` gives the seconds since the start of the load.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lags = Histogram()
        self._fresh = array("d")  # lags, in seconds, that are not yet in the histogram
        self._longest = self._lost = 0.0
        self._stood: list[LoopStall] = []
        self._counters = _Counters()
        self._beats = _Beats()
        self._began = time.monotonic()
        self._cpu = time.process_time()
        self._first = self._last = self._read()
        self._looks = 0
        self._due: float | None = None  # when the next check is due

    async def watch(self) -> None:
        """Check the loop's lag again and again, until cancelled."""
        with self._beats:
            while True:
                self._due = self._clock() + TICK
                await asyncio.sleep(TICK)
                lag = self._look(self._due)
                self._fresh.append(lag)
                if len(self._fresh) >= _FOLD:
                    self._fold()

    def _look(self, due: float) -> float:
        """Record the lag of the loop and return it."""
        now = self._clock()
        lag = max(0.0, now - due)
        self._longest = max(self._longest, lag)
        if lag >= LOST:
            self._lost += lag
        self._looks += 1
        stood = lag >= STOOD
        usage = self._read(whole=stood or self._looks % _SELDOM == 0)
        since = usage.less(self._last)
        if since.suspended >= STOOD:
            self._lost += since.suspended
            self._keep(LoopStall(due, now, since.suspended, "suspended"))
        if stood:
            self._keep(LoopStall(due, now, lag, _cause(lag, since)))
        self._last = usage
        return lag

    def _keep(self, stood: LoopStall) -> None:
        self._stood.append(stood)
        if len(self._stood) > KEPT:
            self._stood.remove(min(self._stood, key=lambda one: one.seconds))

    def _read(self, *, whole: bool = True) -> _Usage:
        cpu, delay = self._counters.of_the_thread()
        throttled = self._counters.throttled() if whole else self._last.throttled
        return _Usage(cpu, delay, _suspended(), throttled, self._beats.count)

    def _fold(self) -> None:
        self._lags.add(nanoseconds(np.array(self._fresh)))
        self._fresh = array("d")

    def close(self) -> dict[str, Any]:
        """Return the figures so far.

        {"seconds": of the load, "cpu_seconds": of all cores, "lag_p99", "lag_max": seconds, None and 0 if the load was
        too short for a check, "lost_seconds": the sum of the lags of `LOST` or more, "run_delay_seconds",
        "throttled_seconds", "suspended_seconds": see `_Usage`, "stood": [{"since", "until", "seconds", "cause"}]: the
        `KEPT` longest lags of `STOOD` or more, in order of time, "peak_rss_mb": see `peak_rss_mb`}
        """
        self._fold()
        if self._due is not None:
            self._look(self._due)  # the load may have ended right after a stall
            self._due = None
        whole = self._read().less(self._first)
        self._counters.close()
        return {
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": time.process_time() - self._cpu,
            "lag_p99": self._lags.percentile(99),
            "lag_max": self._longest,
            "lost_seconds": self._lost,
            "run_delay_seconds": whole.delay,
            "throttled_seconds": whole.throttled,
            "suspended_seconds": whole.suspended,
            "stood": [asdict(one) for one in sorted(self._stood, key=lambda one: one.since)],
            "peak_rss_mb": peak_rss_mb(),
        }


def _cause(seconds: float, since: _Usage) -> Cause:
    """Return the cause of a stall of this many seconds."""
    # The kernel also counts a thread of a throttled cgroup as waiting for a core.
    parts: dict[Cause, float] = {
        "throttled": since.throttled,
        "starved": since.delay - since.throttled,
        "busy": since.cpu,
    }
    if sum(parts.values()) >= seconds / 2:
        return max(parts, key=lambda name: parts[name])
    # The thread neither ran nor waited for a core. If another thread ran meanwhile, a scenario blocked the loop.
    return "blocked" if since.beats * BEAT >= seconds / 2 else "stopped"


class _Beats:
    """A thread that counts while the process runs: no beats mean that the whole process was stopped."""

    def __init__(self) -> None:
        self.count = 0
        self._over = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._beat, name="beats", daemon=True).start()

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            self.count += 1


class _Counters:
    """The kernel's counters of this thread and of its cgroups. Missing ones count as 0."""

    def __init__(self) -> None:
        thread = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._thread = _opened(thread)
        self._groups = [file for path in cgroup_stats() if (file := _opened(path)) is not None]

    def of_the_thread(self) -> tuple[float, float]:
        """Return the seconds that the thread ran and the seconds that it waited for a core."""
        if self._thread is None:
            return time.thread_time(), 0.0
        ran, waited, _ = os.pread(self._thread, 100, 0).split()
        return int(ran) / SECOND, int(waited) / SECOND

    def throttled(self) -> float:
        """Return the seconds for which a CPU quota throttled its cgroups."""
        return max((throttled_seconds(os.pread(file, 4096, 0).decode()) for file in self._groups), default=0.0)

    def close(self) -> None:
        """Close the files."""
        for file in (self._thread, *self._groups):
            if file is not None:
                os.close(file)
        self._thread, self._groups = None, []


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def cgroup_stats(proc: Path = Path("/proc/self")) -> Iterator[Path]:
    """Yield the files `cpu.stat` of a process's cgroups and of their parents: any of them may have a quota."""
    mounts = [line.split() for line in (proc / "mountinfo").read_text().splitlines()]
    for line in (proc / "cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if number != "0" and "cpu" not in controllers.split(","):
            continue
        for mount in mounts:
            kind, options = mount[mount.index("-") + 1], mount[-1].split(",")
            if kind == "cgroup2" if number == "0" else kind == "cgroup" and "cpu" in options:
                root = Path(mount[4])
                # In a container the container's own cgroup is mounted, while the path may be that of the host.
                own = root / path.lstrip("/")
                for folder in (own, *own.parents) if own.is_dir() else (root,):
                    if (folder / "cpu.stat").is_file():
                        yield folder / "cpu.stat"
                    if folder == root:
                        break


def throttled_seconds(stat: str) -> float:
    """Return the throttled seconds in the text of a `cpu.stat`."""
    for name, unit in (("throttled_usec", 1e-6), ("throttled_time", 1e-9)):  # cgroup v2 and v1
        if found := re.search(rf"^{name} (\d+)$", stat, re.MULTILINE):
            return int(found[1]) * unit
    return 0.0


def _suspended() -> float:
    """Return the seconds for which the machine was suspended since it booted."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


def peak_rss_mb() -> float:
    """Return the peak resident memory of this program in MB.

    `VmHWM` is of this program alone; the figure of `getrusage` includes the program that started it.
    """
    [kib] = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kib) * 1024 / 1e6
