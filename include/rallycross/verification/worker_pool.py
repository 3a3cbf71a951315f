"""Runs tests in several processes at once, class by class. No process outlives the run.

The tests of a class share its fixtures, so a class is never split. Free processes take the next class, the largest
first, so that durations need not be known.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only
from rallycross.settings import settings
from rallycross.verification.command import POLL, raise_if_stopped
from rallycross.verification.stream import TestStream
from rallycross.verification.test import TestResult
from rallycross.verification.testid import TestId

LAST_LINES = 20  # of a process's standard error that a message shows
PIDS = "workers.pids"


class WorkerDied(RallycrossError):  # noqa: N818
    """A test process ended before its tests did."""


def batches(plan: Iterable[TestId]) -> list[list[TestId]]:
    """Return the tests grouped by class, the class with the most tests first."""
    classes: dict[str, list[TestId]] = defaultdict(list)
    for test in plan:
        classes[test.class_name].append(test)
    return sorted(classes.values(), key=len, reverse=True)


@dataclass(frozen=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    errors: Path  # its standard error


def run(
    plan: Sequence[TestId],
    ended: Callable[[TestResult], None],
    *,
    command: Sequence[str],
    env: Mapping[str, str],
    folder: Path,
    concurrency: int,
    stop: threading.Event,
) -> None:
    """Run the tests in at most `concurrency` processes of `command` (see worker.py), started in `folder`.

    `ended` is called as each test ends, never concurrently; an exception in it ends the run. A test fails if its
    process dies during it or reports nothing about it; a new process runs the others. Raises `WorkerDied` if a process
    dies outside a test, and `VerificationStopped` when `stop` is set. All processes are gone when this returns.
    """
    todo = deque(batches(plan))
    lock = threading.Lock()

    def tell(result: TestResult) -> None:
        with lock:
            ended(result)

    workers: dict[int, _Worker] = {}  # by number; a new worker replaces one that died
    over = threading.Event()

    def start(number: int) -> _Worker:
        with lock:
            raise_if_stopped(over)
            workers[number] = _start(command, env, folder, folder / f"worker-{number}.err")
            _record_pids(folder, workers.values())
        return workers[number]

    def drive(number: int) -> None:
        while (rest := _drive(start(number), todo, tell, over)) is not None:
            todo.extendleft([rest] if rest else [])

    with ThreadPoolExecutor(max(1, concurrency), thread_name_prefix="tests") as pool:
        try:
            _watch({pool.submit(drive, number) for number in range(min(concurrency, len(todo)))}, stop)
        finally:
            with lock:
                over.set()
            _end(workers.values())  # first, because the threads of the pool wait for them
            (folder / PIDS).unlink(missing_ok=True)


def end_stale(folder: Path) -> None:
    """End the processes that a killed run left in this folder."""
    with suppress(FileNotFoundError):
        for line in (folder / PIDS).read_text().splitlines():
            pid, _, started = line.partition(" ")
            if started and _started_at(int(pid)) == started:
                with suppress(ProcessLookupError):
                    os.killpg(int(pid), signal.SIGKILL)
        (folder / PIDS).unlink()


def _start(command: Sequence[str], env: Mapping[str, str], folder: Path, errors: Path) -> _Worker:
    with errors.open("wb") as file:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            start_new_session=True,
        )
    return _Worker(process, errors)


def _drive(
    worker: _Worker, todo: deque[list[TestId]], tell: Callable[[TestResult], None], over: threading.Event
) -> list[TestId] | None:
    """Give batches to a process and read its results until all batches are done; then return None.

    If the process dies during a test, report the test as failed and return the rest of its batch.
    """
    asked: list[TestId] = []  # the current batch
    reported: set[str] = set()
    stdin = cast("BinaryIO", worker.process.stdin)

    def on_result(result: TestResult) -> None:
        reported.add(result.name)
        tell(result)

    def missing() -> list[TestId]:
        return [test for test in asked if test.name not in reported]

    def feed() -> None:
        for test in missing():
            tell(_failed(test, "its class ended without a result for it"))
        asked.clear()
        with suppress(BrokenPipeError):  # it died: `read` returns, and its exit code shows it
            if todo:
                asked.extend(todo.popleft())
                stream.plan(asked)
                stdin.write(json.dumps([test.full for test in asked]).encode() + b"\n")
                stdin.flush()
            else:
                stdin.close()

    stream = TestStream(on_result, batch_done=feed)
    feed()
    stream.read(cast("BinaryIO", worker.process.stdout))
    code = worker.process.wait()
    if not code and not asked:
        return None
    raise_if_stopped(over)  # it did not die: it was ended
    at = stream.running()
    blamed = [test for test in missing() if test.name in at]
    if not blamed:
        raise WorkerDied(f"a test process ended with code {code} outside a test{_last_words(worker)}")
    for test in blamed:
        on_result(_failed(test, f"its process ended with code {code} during this test{_last_words(worker)}"))
    return missing()


def _failed(test: TestId, why: str) -> TestResult:
    return TestResult(test.name, "fail", time.time(), 0.0, test.tags, traceback=why)


def _watch(pending: "set[Future[None]]", stop: threading.Event) -> None:
    while pending:
        done, pending = wait(pending, timeout=POLL, return_when=FIRST_EXCEPTION)
        raise_if_stopped(stop)
        for future in done:
            future.result()


def _end(workers: Iterable[_Worker]) -> None:
    """End the processes and their subprocesses."""
    deadline = time.monotonic() + settings().end_grace
    for worker in workers:
        with suppress(ProcessLookupError):
            os.killpg(worker.process.pid, signal.SIGTERM)
    for worker in workers:
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait()


def _record_pids(folder: Path, workers: Iterable[_Worker]) -> None:
    """Record the processes for `end_stale`, with their start times, because pids are reused."""
    lines = (f"{worker.process.pid} {_started_at(worker.process.pid)}\n" for worker in workers)
    write_owner_only(folder / PIDS, "".join(lines))


def _started_at(pid: int) -> str:
    """Return the start of a process in clock ticks since boot, or "" if it does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _last_words(worker: _Worker) -> str:
    lines = worker.errors.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
    return "\n".join([":", *lines]) if lines else f" - {worker.errors} is empty"
