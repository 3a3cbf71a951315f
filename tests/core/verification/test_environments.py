"""The creation of a verifier's environment can be stopped at any moment."""

import fcntl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rallycross.verification.command import VerificationStopped
from rallycross.verification.environments import environment

# A project whose build takes a minute, and says when it has begun.
BACKEND = """
import os, pathlib, time

def get_requires_for_build_editable(config_settings=None):
    part = pathlib.Path(__file__).with_name("part")
    part.write_text(str(os.getpid()))
    part.rename(part.with_name("building"))
    time.sleep(60)

get_requires_for_build_wheel = get_requires_for_build_editable
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "slow"
dynamic = ["version"]
"""


def stopped(folder: Path, requirements: list[str], at: Callable[[], bool]) -> float:
    """Return how many seconds it took to end after the stop."""
    stop, asked = threading.Event(), 0.0

    def ask() -> None:
        nonlocal asked
        deadline = time.monotonic() + 30
        while not at() and time.monotonic() < deadline:
            time.sleep(0.05)
        asked = time.monotonic()
        stop.set()

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(VerificationStopped):
        environment(folder, requirements, lambda _: None, stop=stop)
    ended = time.monotonic()
    asking.join()
    return ended - asked


def test_an_installation_is_stopped_in_its_middle(tmp_path: Path) -> None:
    """Within seconds neither the environment nor a process of the installation is left."""
    project, folder = tmp_path / "slow", tmp_path / "environments" / "it"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "backend.py").write_text(BACKEND)
    building = project / "building"
    assert stopped(folder, ["--editable", str(project)], building.exists) < 10
    assert not folder.exists()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{building.read_text()}/cmdline").exists():
        assert time.monotonic() < deadline, "the build goes on"
        time.sleep(0.05)


def test_waiting_for_another_s_installation_is_stopped(tmp_path: Path) -> None:
    """Waiting for the installation of another process can be stopped."""
    waiting = threading.Event()
    with (tmp_path / "it.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(0.5, waiting.set).start()
        assert stopped(tmp_path / "it", ["nothing"], waiting.is_set) < 5
