"""Finds and ends processes by a variable in their environment, even if they have lost their parent."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Process:
    """A running process."""

    pid: int
    group: int
    command: str


def marked(name: str, value: str) -> list[Process]:
    """Return the other processes that were started with `name=value` in their environment."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.pid == os.getpid() or one.environ().get(name) != value or one.status() == psutil.STATUS_ZOMBIE:
                continue
            found.append(Process(one.pid, os.getpgid(one.pid), " ".join(one.cmdline()).strip()))
        except (psutil.Error, OSError):  # it has ended, or belongs to another user
            continue
    return found


def end(find: Callable[[], list[Process]], *, grace: float) -> list[Process]:
    """End the processes that `find` returns: SIGTERM, then SIGKILL after `grace` seconds. Return those found."""
    there = find()
    for number, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + limit
        signalled: set[int] = set()
        while left := find():
            if time.monotonic() > deadline:
                break
            for process in left:
                if process.pid not in signalled:
                    signalled.add(process.pid)
                    _signal(process.pid, number)
            time.sleep(0.05)
        else:
            break
    return there


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it has ended already
