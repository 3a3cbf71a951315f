"""Runs a command of a verifier's to its end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rallycross.errors import RallycrossError


def ran(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, limit: float, what: str
) -> "subprocess.CompletedProcess[bytes]":
    """Return how it ended; `what` begins the message where it could not be run, or took more than `limit` seconds."""
    try:
        return subprocess.run(
            command, env=dict(environment), cwd=folder, capture_output=True, timeout=limit, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RallycrossError(f"{what} ({error}) - check {command[0]}") from error
