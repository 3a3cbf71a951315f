"""Runs a command in the foreground of its own terminal, and presses keys there."""

import subprocess
import sys
from collections.abc import Sequence

import psutil

_SPAWN = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def on_a_terminal(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command; its output has the lines on the terminal, and its input is typed."""
    return subprocess.Popen(
        [sys.executable, "-c", _SPAWN, *command],
        env={**environment, "TERM": "dumb", "COLUMNS": "200"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C: the terminal interrupts all processes of its foreground command."""
    assert process.stdin is not None
    process.stdin.write("\x03")
    process.stdin.flush()


def foreground(process: subprocess.Popen[str]) -> int:
    """Return the pid of the command itself; 0 if it has ended."""
    found = psutil.Process(process.pid).children()
    return found[0].pid if found else 0
