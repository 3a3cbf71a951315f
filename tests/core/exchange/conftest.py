"""Rally itself in an environment of its own, results that it measured, and a store to import them into."""

import os
import subprocess
from pathlib import Path

import pytest
from measured_by_rally import CLOUD, TASK, Rally
from rally_itself import VERSION, NoIndex, rally_program

from rallycross.results.store import Store


@pytest.fixture(name="rally_program", scope="session")
def _rally_program() -> Path:
    """Return Rally's program."""
    try:
        return rally_program()
    except NoIndex as error:
        pytest.skip(f"no package index answers, so there is no Rally {VERSION} to hold this to: {error}")


@pytest.fixture(name="rally", scope="session")
def _rally(rally_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Rally:
    """Let Rally measure a load; return Rally and its results."""
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
    """Return an empty store."""
    return Store.open(f"sqlite:///{tmp_path / 'results.db'}")
