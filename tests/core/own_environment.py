"""An environment of its own for a program that the tests run beside the project: below the state folder, made once."""

import fcntl
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rallycross import uv
from rallycross.settings import settings


class NoIndex(Exception):  # noqa: N818 - reads as what it says
    """No package index answers."""


def environment(name: str, *installs: Sequence[str]) -> Path:
    """Return the folder of an environment, filled by these lists of pip's words; raise `NoIndex` where it cannot be."""
    cache = settings().home / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / name
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".whole").exists():
            run(uv.PROGRAM, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
            install = (uv.PROGRAM, "pip", "install", "--quiet", "--python", f"{folder}/bin/python")
            for words in installs:
                run(*install, *words)
            (folder / ".whole").touch()
    return folder


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(*command: str) -> None:
    """Run a command of these, for what it does; raise `NoIndex` where it could not reach one."""
    made = subprocess.run(command, check=False, capture_output=True, text=True, env=uv.environment())
    if made.returncode and ("no versions" in made.stderr or "error sending request" in made.stderr):
        raise NoIndex(made.stderr[-200:])
    assert made.returncode == 0, made.stderr
