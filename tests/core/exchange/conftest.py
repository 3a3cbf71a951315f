"""Rally itself, in an environment of its own; results that it has measured; a store to take them in."""

import os
import subprocess
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

VERSION = "5.1.1"
CLOUD = "some-cloud"
TASK = """
version: 2
title: What needs no cloud
subtasks:
- title: outputs and times
  workloads:
  - scenario: {Dummy.dummy_output: {}}
    runner: {constant: {times: 6, concurrency: 3}}
    sla: {failure_rate: {max: 0}}
    hooks:
    - action: {sys_call: "echo hello"}
      trigger: {event: {unit: iteration, at: [3]}}
      description: says hello
  - scenario: {Dummy.dummy_timed_atomic_actions: {number_of_actions: 3, sleep_factor: 0.01}}
    runner: {constant: {times: 10, concurrency: 2}}
- title: failures
  scenario: {Dummy.dummy_random_fail_in_atomic: {exception_probability: 0.4}}
  runner: {constant: {times: 30, concurrency: 4}}
  sla: {failure_rate: {max: 1}, max_seconds_per_iteration: 4}
- title: nothing
  scenario: {Dummy.dummy: {sleep: 0.05}}
  runner: {serial: {times: 3}}
"""


@dataclass(frozen=True)
class Rally:
    """Rally, with a database of its own that has the environment `some-cloud`."""

    run: Callable[..., str]  # a command's arguments: what it printed; an exit code but 0 and `allowed` is an error
    results: Path  # JSON results 1.2 of the task above
    old: Path  # the same as the old list


@pytest.fixture(name="rally_program", scope="session")
def _rally_program() -> Path:
    """Give Rally's program; it is installed once, below the state folder."""
    home = Path(os.environ.get("RALLYCROSS_HOME") or CHECKOUT / ".rallycross")
    folder = home / "cache" / f"rally-{VERSION}"
    program = folder / "bin" / "rally"
    if not (folder / ".whole").exists():
        venv.create(folder, clear=True, with_pip=True)
        environment = {**os.environ, "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(home / "cache" / "pip"))}
        command = [folder / "bin" / "pip", "install", "--quiet", f"rally=={VERSION}"]
        made = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if made.returncode and ("(from versions: none)" in made.stderr or "connection" in made.stderr):
            pytest.skip(
                f"no package index answers, so there is no Rally {VERSION} to hold this to: {made.stderr[-200:]}"
            )
        assert made.returncode == 0, made.stderr
        (folder / ".whole").touch()
    return program


@pytest.fixture(name="rally", scope="session")
def _rally(rally_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Rally:
    """Let Rally measure something, and give it with its results."""
    home = tmp_path_factory.mktemp("rally")
    settings, task = home / "rally.conf", home / "task.yaml"
    settings.write_text(f"[database]\nconnection = sqlite:///{home}/rally.sqlite\n")
    task.write_text(TASK)

    def run(*arguments: object, allowed: int = 0) -> str:
        command = [rally_program, "--config-file", settings, *map(str, arguments)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        assert ended.returncode in {0, allowed}, f"{arguments}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        return ended.stdout

    run("db", "create")
    run("env", "create", "--name", CLOUD)
    run("task", "start", task, allowed=2)  # 2 = an SLA was missed
    uuid = run("task", "list", "--uuids-only").strip()
    run("task", "report", uuid, "--json", "--out", home / "results.json")
    run("task", "export", "--uuid", uuid, "--type", "old-json-results", "--to", home / "old.json")
    return Rally(run, home / "results.json", home / "old.json")


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    """Give an empty store."""
    return Store.open(f"sqlite:///{tmp_path / 'results.db'}")
