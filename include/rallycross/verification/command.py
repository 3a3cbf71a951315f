"""Runs a command of a verifier until it ends, or until the verification is stopped."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rallycross.errors import RallycrossError

POLL = 0.2  # seconds between two checks of `stop`


class VerificationStopped(RallycrossError):  # noqa: N818
    """The verification was asked to stop."""


def raise_if_stopped(stop: threading.Event) -> None:
    """Raise `VerificationStopped` if `stop` is set."""
    if stop.is_set():
        raise VerificationStopped("the verification was stopped")


def run_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    limit: float,
    setting: str,
    what: str,
    stop: threading.Event,
    folder: Path | None = None,
    given: bytes | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command and return its result. `given` is its standard input.

    Raises `RallycrossError`, which begins with `what`, if it cannot be started or takes longer than `limit` seconds
    (`setting` changes that), and `VerificationStopped` when `stop` is set. After an exception the command and its
    subprocesses are gone.
    """
    try:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise RallycrossError(f"{what} ({error}) - check {command[0]}") from error
    deadline = time.monotonic() + limit
    with process:
        try:
            while time.monotonic() < deadline:
                with suppress(subprocess.TimeoutExpired):  # `communicate` keeps the output so far
                    text, given = given, None  # may only be passed once
                    out, err = process.communicate(text, timeout=POLL)
                    return subprocess.CompletedProcess(command, process.returncode, out, err)
                raise_if_stopped(stop)
            _end(process)
        except BaseException:
            _end(process)
            raise
    raise RallycrossError(f"{what} (not done within {limit:g} s: {setting}) - check {command[0]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
