"""Rally 5.1.1, in an environment of its own, driven by its own command line: what Rallycross is held against."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
from rally_itself import rally_openstack_program, rally_program

ALONE = Path(__file__).with_name("run_alone.py")


@dataclass(frozen=True)
class RallyRun:
    """What one `rally task start` came to."""

    seconds: float  # of the whole command
    cpu_seconds: float  # of the command and all its processes
    peak_mb: float  # of the largest of them
    workloads: list[dict[str, Any]]  # of Rally's JSON report


class Rally:
    """Rally, with a database of its own in `folder`."""

    def __init__(self, folder: Path, platforms: dict[str, Any] | None = None) -> None:
        """Prepare it for tasks on `platforms`, as in the specification of a Rally environment; None: on nothing."""
        self._folder = folder
        self._program = rally_openstack_program() if platforms else rally_program()
        self._env = {**os.environ, "HOME": str(folder), "PYTHONWARNINGS": "ignore"}
        for name in ("PYTHONPATH", "VIRTUAL_ENV"):
            self._env.pop(name, None)
        self._rally("db", "create")
        spec = folder / "env.json"
        spec.write_text(json.dumps(platforms or {}))
        self._rally("env", "create", "--name", "bench", "--no-use", *(["--spec", str(spec)] if platforms else []))

    def run(self, task: dict[str, Any]) -> RallyRun:
        """Run a task and return what it came to."""
        file, report = self._folder / "task.json", self._folder / "report.json"
        file.write_text(json.dumps(task))
        took = self._folder / "took.json"
        self._rally("task", "start", str(file), "--env", "bench", by=[sys.executable, str(ALONE), str(took)])
        self._rally("task", "report", "--json", "--out", str(report))
        found = json.loads(report.read_text())["tasks"][0]
        workloads = [workload for subtask in found["subtasks"] for workload in subtask["workloads"]]
        return RallyRun(**json.loads(took.read_text()), workloads=workloads)

    def python(self, program: str) -> str:
        """Run a program in Rally's environment and return what it prints."""
        command = [str(self._program.with_name("python")), "-c", program]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, check=True).stdout

    def _rally(self, *arguments: str, by: Sequence[str] = ()) -> None:
        connection = f"sqlite:///{self._folder / 'rally.db'}"
        config = self._folder / "rally.conf"
        config.write_text(f"[database]\nconnection = {connection}\n")
        command = [*by, str(self._program), "--config-file", str(config), *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        if done.returncode not in {0, 2}:  # 2: an SLA was missed
            raise SystemExit(f"{' '.join(command)}: code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
