"""Runs a program of Rallycross's own on a user's text, apart from this process; the program limits its resources."""

import signal
import subprocess
import sys
from pathlib import Path

from rallycross.errors import RallycrossError

WALL = 60.0  # wall-clock seconds for the program: enough even on a busy machine
_OF_LIMITS = {signal.SIGXCPU, signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS}  # of time and memory


def run_isolated(program: Path, job: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Run a program by its path, with the job on its standard input; return its code and output.

    It inherits no environment, runs in `/`, and cannot import Rallycross. Raise `subprocess.TimeoutExpired` after
    `WALL` seconds, and `RallycrossError` if a signal ended it that no limit sends.
    """
    done = subprocess.run(
        [sys.executable, "-I", str(program)],
        input=job,
        capture_output=True,
        timeout=WALL,
        env={},
        cwd="/",
        check=False,
    )
    if done.returncode < 0 and -done.returncode not in _OF_LIMITS:
        name = signal.Signals(-done.returncode).name
        raise RallycrossError(f"{program.stem}: somebody ended this program by {name} - try again")
    return done
