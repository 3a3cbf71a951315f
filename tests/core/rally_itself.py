"""Rally itself, in an environment of its own below the state folder: installed once, for tests and benchmarks."""

import subprocess
import sys
from pathlib import Path

from rallycross import uv
from rallycross.settings import settings

VERSION = "5.1.1"


class NoIndex(Exception):  # noqa: N818 - reads as what it says
    """No package index answers."""


def rally_program() -> Path:
    """Return Rally's program; raise `NoIndex` where it cannot be had."""
    folder = settings().home / "cache" / f"rally-{VERSION}"
    if not (folder / ".whole").exists():
        python = str(folder / "bin/python")
        # Rally still imports what newer setuptools have dropped.
        wanted = [f"rally=={VERSION}", "setuptools<80"]
        _run(uv.PROGRAM, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _run(uv.PROGRAM, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted)
        (folder / ".whole").touch()
    return folder / "bin" / "rally"


def _run(*command: str) -> None:
    made = subprocess.run(command, check=False, capture_output=True, text=True, env=uv.environment())
    if made.returncode and ("no versions" in made.stderr or "error sending request" in made.stderr):
        raise NoIndex(made.stderr[-200:])
    assert made.returncode == 0, made.stderr
