"""Signals to processes that tests have looked for: 0, for one that was not found, would be the tests' own group."""

import os
import signal


def strike(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process, which has to be there."""
    assert pid > 1, "there is no such process"
    os.kill(pid, number)
