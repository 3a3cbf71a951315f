"""The command `rallycross demo` on a small cloud, as tests drive it: its files, its processes, what it has stored."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cloud import ADMIN, SmallCloud

from rallycross.cli.airflow.processes import marked
from rallycross.cli.airflow.settings import MARK
from rallycross.results.models import TaskRow
from rallycross.results.reference import reference
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

SIGN_IN: dict[str, Any] = {"Authenticate.keystone": {}}
BOOT = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}}


class Demo:
    """The command, its state in a folder, and the cloud that it tests."""

    def __init__(self, folder: Path, cloud: SmallCloud) -> None:
        self.folder, self.cloud = folder, cloud
        self.home = folder / "home"
        auth = {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}
        self.spec = self.file("small.yaml", {"name": "small", "engine": "existing", "auth": auth, "region_name": "R"})

    def file(self, name: str, data: Any) -> str:
        """Write YAML; return its path."""
        (self.folder / name).write_text(yaml.safe_dump(data))
        return str(self.folder / name)

    def task(self, scenario: dict[str, Any], *, times: int, **more: Any) -> str:
        """Write a task file."""
        workload = {"title": "s", "scenario": scenario, "runner": {"constant": {"times": times, "concurrency": 2}}}
        return self.file("task.yaml", {"version": 2, "title": "T", "subtasks": [{**workload, **more}]})

    @cached_property
    def store(self) -> Store:
        """The results database that the runs write to."""
        return Store.open(f"sqlite:///{self.home / 'results.db'}")

    def start(self, task: str, *arguments: str) -> subprocess.Popen[str]:
        """Start the command without a verification: the small cloud is too small for tempest."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
        command = ("demo", "--cloud-spec", self.spec, "--task", task, "--verification", "none", *arguments)
        return subprocess.Popen(
            [sys.executable, "-m", "rallycross.cli", *command],
            env={**environment, "RALLYCROSS_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, task: str, *arguments: str) -> tuple[int, str]:
        """Run the command to its end; return its exit code, and what it has printed."""
        return self.ended(self.start(task, *arguments))

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for the command's end."""
        out, _ = process.communicate(timeout=300)
        return process.returncode, out

    def in_mid_load(self, process: subprocess.Popen[str], iterations: int) -> str:
        """Wait until the load has done some iterations; return the run's id."""
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"runs/(demo_\S+)", line):
                break
        else:
            pytest.fail("the command ended without a run")
        run_id = found.group(1)
        assert eventually(lambda: self.done(run_id) >= iterations, 240)
        return run_id

    def result(self, run_id: str) -> TaskRow | None:
        """Return the task of a run, as it is stored."""
        return self.store.tasks.get(reference("cloud_lifecycle", run_id, "benchmark"))

    def done(self, run_id: str) -> int:
        """Return how many iterations the load says it has done."""
        task = self.result(run_id)
        return int(task.workloads[0].progress.get("done", 0)) if task else 0

    def measured(self, run_id: str) -> int:
        """Return how many samples are on disk."""
        task = self.result(run_id)
        assert task is not None
        return int(read_samples(self.home / "samples" / task.workloads[0].uuid).num_rows)

    def load_process(self) -> int:
        """Return the process that drives the load: the child of a worker that is not idle."""
        workers = {found.pid for found in self.processes() if "LocalExecutor" in found.command}
        (process,) = [found.pid for found in self.processes() if parent(found.pid) in workers]
        return process

    def processes(self) -> list[Any]:
        """Return all processes of this Airflow."""
        return marked(MARK, str(self.home / "airflow"))


def parent(pid: int) -> int:
    """Return a process's parent; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def eventually(true: Callable[[], bool], limit: float) -> bool:
    """Wait for something to become true."""
    deadline = time.monotonic() + limit
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
