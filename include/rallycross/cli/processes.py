"""Finds and ends processes by the mark in their environment: also those that have lost their parent."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it."""

    pid: int
    group: int
    command: str


def marked(name: str, value: str) -> list[Process]:
    """Return the processes that were started with `name=value` in their environment, but this one."""
    mark = f"{name}={value}".encode()
    found = []
    for folder in PROC.iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            # Fields after the parenthesised command: state, parent, group, ...
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # ended meanwhile, or not ours to read
            continue
        if stat[0] != "Z":
            found.append(Process(int(folder.name), int(stat[2]), command))
    return found


def end(find: Callable[[], list[Process]], *, grace: float) -> list[Process]:
    """End what `find` returns: by SIGTERM, after `grace` seconds by SIGKILL. Return what was there."""
    there = find()
    for number, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + limit
        told: set[int] = set()
        while left := find():
            if time.monotonic() > deadline:
                break
            for process in left:
                if process.pid not in told:
                    told.add(process.pid)
                    _signal(process.pid, number)
            time.sleep(0.05)
        else:
            break
    return there


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it has ended by itself
