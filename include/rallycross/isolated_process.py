"""Runs a program of Rallycross's own on a user's text, apart from this process; the program limits its resources."""

import subprocess
import sys
from pathlib import Path

WALL = 60.0  # wall-clock seconds for the program: enough even on a busy machine


def run_isolated(program: Path, job: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Run a program by its path, with the job on its standard input; return its code and output.

    It inherits no environment, runs in `/`, and cannot import Rallycross. Raise `subprocess.TimeoutExpired` after
    `WALL` seconds.
    """
    return subprocess.run(
        [sys.executable, "-I", str(program)],
        input=job,
        capture_output=True,
        timeout=WALL,
        env={},
        cwd="/",
        check=False,
    )
