"""The load processes of a task: started once, used by one workload after another, ended with the task."""

import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rallycross.benchmark.pipe import pack, receive
from rallycross.results.endings import KILLED, because
from rallycross.settings import settings


@dataclass(frozen=True)
class Died:
    """A load process has died."""

    code: int | None
    out_of_memory: bool = False  # the kernel has killed a process for lack of memory while this one ran

    def __str__(self) -> str:
        how = f"by {_signal(-self.code)}" if self.code and self.code < 0 else f"with code {self.code}"
        why = ": the machine or its cgroup ran out of memory" if self.out_of_memory else ""
        return because(KILLED, f"a load process died {how}{why}; what it had measured is kept")


def _signal(number: int) -> str:
    names = {member.value: member.name for member in signal.Signals}
    return f"signal {number} ({names[number]})" if number in names else f"signal {number}"


def _out_of_memory_kills() -> int:
    """Return how many processes the kernel has killed for lack of memory."""
    found = re.search(r"^oom_kill (\d+)$", Path("/proc/vmstat").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


class LoadProcess:
    """One process that drives load. It has a session of its own, so that Ctrl-C reaches only its parent."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rallycross.benchmark.load_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._inbox: queue.SimpleQueue[tuple[int, Any]] | None = None
        self._out_of_memory_kills = _out_of_memory_kills()
        self._place = 0
        self._died: Died | None = None
        self._lock = threading.Lock()  # of the three above
        threading.Thread(target=self._listen, name="load-process", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def deliver_to(self, inbox: "queue.SimpleQueue[tuple[int, Any]]", place: int) -> None:
        """Put its messages into `inbox` from now on, as (`place`, message); also its death, even an earlier one."""
        with self._lock:
            self._inbox, self._place = inbox, place
            if self._died is not None:
                inbox.put((place, self._died))

    def send(self, message: Any) -> None:
        """Send a message. One to a dead process is lost: its death is reported anyway."""
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(pack(message))
            self._process.stdin.flush()
        except OSError:
            return

    def kill(self) -> None:
        """Kill it. Its samples are on disk, except those of the last half second."""
        self._process.kill()

    def close_input(self) -> None:
        """Close its input, so that it exits by itself."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it had died with unsent data
            self._process.stdin.close()

    def end(self, deadline: float) -> None:
        """Wait until it exits; kill it at `deadline`, a moment of the monotonic clock."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while (message := receive(pipe)) is not None:
                self._put(message)
        code = self._process.wait()
        died = Died(code, code == -signal.SIGKILL and _out_of_memory_kills() > self._out_of_memory_kills)
        with self._lock:
            self._died = died
        self._put(died)

    def _put(self, message: Any) -> None:
        with self._lock:
            if self._inbox is not None:
                self._inbox.put((self._place, message))


class ProcessPool:
    """A pool of load processes. Threads of several workloads may use it at the same time."""

    def __init__(self, warm: int = 1) -> None:
        self._idle = [LoadProcess() for _ in range(warm)]
        self._all = list(self._idle)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _end(self._all)

    @contextmanager
    def lend(self, count: int) -> Iterator[Sequence[LoadProcess]]:
        """Lend `count` processes for the `with` block; if that raises, they are ended and not lent again."""
        with self._lock:
            self._idle = [process for process in self._idle if process.alive]
            lent, self._idle = self._idle[:count], self._idle[count:]
            new = [LoadProcess() for _ in range(count - len(lent))]
            self._all += new
            lent += new
        succeeded = False
        try:
            yield lent
            succeeded = True
        finally:
            with self._lock:
                if succeeded:
                    self._idle += lent
            if not succeeded:
                _end(lent)


def _end(processes: Sequence[LoadProcess]) -> None:
    """End processes at the same time, so that stopping takes no longer for many than for one."""
    deadline = time.monotonic() + settings().end_grace
    for process in processes:
        process.close_input()
    for process in processes:
        process.end(deadline)
