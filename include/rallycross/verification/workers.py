"""Runs tests in several processes at once, class by class, and sees to it that none outlives the run.

Tests of one class share what the class sets up, so a class is never split. Classes are handed out as processes
become free, the largest first: nobody has to know beforehand how long one takes.
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
from rallycross.verification.command import POLL, heed
from rallycross.verification.stream import TestStream
from rallycross.verification.test import TestResult
from rallycross.verification.testid import TestId

LAST_LINES = 20  # of what a process wrote on standard error, in a message
PIDS = "workers.pids"


class WorkerDied(RallycrossError):  # noqa: N818 - reads as what it says
    """A test process ended before its tests did."""


def batches(plan: Iterable[TestId]) -> list[list[TestId]]:
    """Return the tests class by class, the class with the most tests first."""
    classes: dict[str, list[TestId]] = defaultdict(list)
    for test in plan:
        classes[test.class_name].append(test)
    return sorted(classes.values(), key=len, reverse=True)


@dataclass(frozen=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    errors: Path  # what it wrote on standard error


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
    """Run the tests by at most `concurrency` processes of `command` (see worker.py), started in `folder`.

    `ended` is called as each test ends, never by two threads at once; what it raises ends the run. A test in the middle
    of which its process dies has failed, and so has one of which its process tells nothing; the others are run by a
    new one. Raises `WorkerDied` where a process dies and no test is to blame, and `Stopped` when `stop` is set. None of
    the processes is left when this returns.
    """
    todo = deque(batches(plan))
    lock = threading.Lock()

    def tell(result: TestResult) -> None:
        with lock:
            ended(result)

    workers: dict[int, _Worker] = {}  # by number: a new one takes the place of one that has died
    over = threading.Event()

    def start(number: int) -> _Worker:
        with lock:
            heed(over)
            workers[number] = _start(command, env, folder, folder / f"worker-{number}.err")
            _note(folder, workers.values())
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
            _end(workers.values())  # before the pool waits for its threads, which wait for these
            (folder / PIDS).unlink(missing_ok=True)


def end_stale(folder: Path) -> None:
    """End what a run in this folder has left running because it was killed itself."""
    with suppress(FileNotFoundError):
        for line in (folder / PIDS).read_text().splitlines():
            pid, _, born = line.partition(" ")
            if born and _born(int(pid)) == born:
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
    """Feed one process, and read what it says, until there is nothing left to do.

    Return None then; where the process has died in the middle of a test, that is told as failed, and what is left of
    its batch is returned.
    """
    asked: list[TestId] = []  # the batch that the process is at
    told: set[str] = set()
    stdin = cast("BinaryIO", worker.process.stdin)

    def heard(result: TestResult) -> None:
        told.add(result.name)
        tell(result)

    def missing() -> list[TestId]:
        return [test for test in asked if test.name not in told]

    def feed() -> None:
        for test in missing():
            tell(_unheard(test, "its class ended, and nothing was heard of it"))
        asked.clear()
        with suppress(BrokenPipeError):  # it has died: the end of its output and its exit code will say so
            if todo:
                asked.extend(todo.popleft())
                stream.plan(asked)
                stdin.write(json.dumps([test.full for test in asked]).encode() + b"\n")
                stdin.flush()
            else:
                stdin.close()

    stream = TestStream(heard, batch_done=feed)
    feed()
    stream.read(cast("BinaryIO", worker.process.stdout))
    code = worker.process.wait()
    if not code and not asked:
        return None
    heed(over)  # it has not died: it was ended
    at = stream.running()
    blamed = [test for test in missing() if test.name in at]
    if not blamed:
        raise WorkerDied(f"a test process ended with code {code} in the middle of its work{_last_words(worker)}")
    for test in blamed:
        heard(_unheard(test, f"its process ended with code {code} in the middle of it{_last_words(worker)}"))
    return missing()


def _unheard(test: TestId, why: str) -> TestResult:
    return TestResult(test.name, "fail", time.time(), 0.0, test.tags, traceback=why)


def _watch(pending: "set[Future[None]]", stop: threading.Event) -> None:
    while pending:
        done, pending = wait(pending, timeout=POLL, return_when=FIRST_EXCEPTION)
        heed(stop)
        for future in done:
            future.result()


def _end(workers: Iterable[_Worker]) -> None:
    """End the processes and all that they have started."""
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


def _note(folder: Path, workers: Iterable[_Worker]) -> None:
    """Write down who is running, for `end_stale`: a pid may be someone else's by then, its time of birth is not."""
    lines = (f"{worker.process.pid} {_born(worker.process.pid)}\n" for worker in workers)
    write_owner_only(folder / PIDS, "".join(lines))


def _born(pid: int) -> str:
    """Return when a process was started, in clock ticks since the machine was; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _last_words(worker: _Worker) -> str:
    lines = worker.errors.read_text(errors="replace").strip().splitlines()[-LAST_LINES:]
    return "\n".join([":", *lines]) if lines else f" - {worker.errors} is empty"
