"""Programs that run apart from this process."""

import signal
from pathlib import Path

import pytest

from rallycross.errors import RallycrossError
from rallycross.isolated_process import run_isolated


def ends_by(number: signal.Signals, folder: Path) -> Path:
    """Return a program that a signal ends."""
    program = folder / "some_process.py"
    program.write_text(f"import os\nos.kill(os.getpid(), {int(number)})\n")
    return program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_of_somebody_is_told_as_such(number: signal.Signals, tmp_path: Path) -> None:
    """A program that somebody ends is not told to have taken too much time or memory."""
    with pytest.raises(
        RallycrossError, match=f"some_process: somebody ended this program by {number.name} - try again"
    ):
        run_isolated(ends_by(number, tmp_path), b"")


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_what_a_limit_ends_is_for_the_caller(number: signal.Signals, tmp_path: Path) -> None:
    """How a limit ends a program is returned: the caller knows the limits."""
    assert run_isolated(ends_by(number, tmp_path), b"").returncode == -number
