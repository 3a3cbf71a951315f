"""Run a command, and end what it leaves: `python -m rallycross.cli.suite.orphans COMMAND ...`.

Tests start servers, clouds and hosts, most of them detached. Linux hands those whose parent has ended to this process,
so that they are found whatever became of the tests. The exit code is the command's, or 1 where something was left.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

import psutil

from rallycross.cli.airflow.processes import Process, end
from rallycross.cli.console import console

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
LEAVING = 10.0  # seconds for what the tests have told to end
_GRACE = 10.0


def main(command: list[str], *, leaving: float = LEAVING) -> int:
    """Run the command until it ends; end, and name, what is left `leaving` seconds later."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_CHILD_SUBREAPER, 1), (_PR_SET_PDEATHSIG, signal.SIGTERM)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl({option}): {os.strerror(ctypes.get_errno())}")
    process = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the command too
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = _ended(process.pid)
    deadline = time.monotonic() + leaving
    while _left() and time.monotonic() < deadline:
        time.sleep(0.1)
    left = end(_left, grace=_GRACE)
    for one in left:
        console.print(f"left by the tests, and ended: process {one.pid}: {one.command}", style="red")
    return code or int(bool(left))


def _ended(pid: int) -> int:
    """Wait until a child has ended; return its exit code. Orphans that end meanwhile leave no zombies."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _left() -> list[Process]:
    """Return what runs below this process."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            if one.status() == psutil.STATUS_ZOMBIE:
                if one.ppid() == os.getpid():
                    os.waitpid(one.pid, os.WNOHANG)
                continue
            found.append(Process(one.pid, os.getpgid(one.pid), " ".join(one.cmdline()).strip()))
        except (psutil.Error, OSError):  # ended meanwhile
            continue
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
