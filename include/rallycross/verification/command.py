"""Runs a command of a verifier's to its end, or until somebody wants it to end."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rallycross.errors import RallycrossError

POLL = 0.2  # seconds between two looks at `stop`


class Stopped(RallycrossError):  # noqa: N818 - reads as what it says
    """The verification was asked to stop."""


def heed(stop: threading.Event) -> None:
    """Raise `Stopped` when it is set."""
    if stop.is_set():
        raise Stopped("the verification was stopped")


def ran(
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
    """Return how it ended; `what` begins the message where it could not be run, or took more than `limit` seconds.

    `setting` changes the limit, `given` is its standard input.
    Raises `Stopped` when `stop` is set. Whatever is raised, neither it nor what it has started is left.
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
                with suppress(subprocess.TimeoutExpired):  # nothing of what it has said until then is lost
                    text, given = given, None  # it is taken over once
                    out, err = process.communicate(text, timeout=POLL)
                    return subprocess.CompletedProcess(command, process.returncode, out, err)
                heed(stop)
            _end(process)
        except BaseException:
            _end(process)
            raise
    raise RallycrossError(f"{what} (not done within {limit:g} s: {setting}) - check {command[0]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
