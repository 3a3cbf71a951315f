"""Rally itself, in an environment of its own, and iterations as it writes them."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from rallycross.settings import CHECKOUT

VERSION = "5.1.1"

Rally = Callable[..., str]


@pytest.fixture(name="rally_programs", scope="session")
def _rally_programs() -> Path:
    """Give the folder of Rally's programs; it is installed once, below the state folder."""
    home = Path(os.environ.get("RALLYCROSS_HOME") or CHECKOUT / ".rallycross")
    folder = home / "cache" / f"rally-{VERSION}"
    programs = folder / "bin"
    if (folder / ".whole").exists():
        return programs
    venv.create(folder, clear=True, with_pip=True)
    environment = {**os.environ, "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(home / "cache" / "pip"))}
    # Rally's own bounds let in an SQLAlchemy and an oslo.db that are fine; what it imports of setuptools is gone in 81.
    command = [programs / "pip", "install", "--quiet", f"rally=={VERSION}", "setuptools<81"]
    made = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if "No matching distribution found" in made.stderr or "Failed to establish a new connection" in made.stderr:
        pytest.skip(f"no package index answers, so Rally {VERSION} cannot be installed: {made.stderr[-200:]}")
    assert made.returncode == 0, made.stderr
    (folder / ".whole").touch()
    return programs


@pytest.fixture(name="rally")
def _rally(rally_programs: Path, tmp_path: Path) -> Rally:
    """Give a function that runs a command of Rally's, with a database of its own, and returns what it printed."""
    home = tmp_path / "rally"
    home.mkdir()
    settings = home / "rally.conf"
    settings.write_text(f"[database]\nconnection = sqlite:///{home}/rally.sqlite\n")
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}" if (programs := rally_programs) else "",
        "HOME": str(home),
    }

    def run(*arguments: object) -> str:
        command = [rally_programs / "rally", "--config-file", settings, *map(str, arguments)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=300)
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    run("db", "create")
    run("env", "create", "--name", "some-cloud", "--no-spec") if sys else None
    return run
