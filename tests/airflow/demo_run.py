"""The command `rallycross demo` on a small cloud, as tests run it: its files, processes and stored results."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from eventual import eventually
from small_cloud import ADMIN, SmallCloud
from terminal import on_a_terminal

from rallycross.cli.airflow.api import AirflowAPI, AirflowDidNotAnswer
from rallycross.cli.airflow.ports import free_port
from rallycross.cli.airflow.processes import marked
from rallycross.cli.airflow.server import AirflowServer
from rallycross.cli.airflow.settings import MARK
from rallycross.cli.airflow_run import AirflowRun
from rallycross.results.models import TaskRow
from rallycross.results.reference import reference
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

_FIRST_PORT, _PORTS = 20_000, 10_000  # below those that connections take
_LIMIT = 900  # seconds for a run that something was done to: the machine may be busy
# Several Airflows run at a time: their schedulers, which look for work five times a second, took a core together.
AT_LEISURE = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1"}
SIGN_IN: dict[str, Any] = {"Authenticate.keystone": {}}
BOOT = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}}


def own_port() -> str:
    """Return a free port that no other test uses: a killed API server could lose port 8480 to theirs."""
    return str(free_port(_FIRST_PORT + os.getpid() % _PORTS))


class Demo:
    """The command, its state in a folder, and the cloud that it tests."""

    def __init__(self, folder: Path, cloud: SmallCloud, **environment: str) -> None:
        self.folder, self.cloud = folder, cloud
        self.environment = {"RALLYCROSS_AIRFLOW_PORT": own_port(), **AT_LEISURE, **environment}
        self.home = folder / "home"
        auth = {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}
        self.spec = self.file("small.yaml", {"name": "small", "engine": "existing", "auth": auth, "region_name": "R"})

    def file(self, name: str, data: Any) -> str:
        """Write YAML; return its path."""
        (self.folder / name).write_text(yaml.safe_dump(data))
        return str(self.folder / name)

    def task(self, scenario: dict[str, Any], *, times: int, at_a_time: int = 2, **more: Any) -> str:
        """Write a task file."""
        runner = {"constant": {"times": times, "concurrency": at_a_time}}
        workload = {"title": "s", "scenario": scenario, "runner": runner}
        return self.file("task.yaml", {"version": 2, "title": "T", "subtasks": [{**workload, **more}]})

    @cached_property
    def store(self) -> Store:
        """The results database that the runs write to."""
        return Store.open(f"sqlite:///{self.home / 'results.db'}")

    def start(self, task: str, *arguments: str) -> subprocess.Popen[str]:
        """Start the command on a terminal, without a verification, since the small cloud is too small for tempest."""
        command = ("demo", "--cloud-spec", self.spec, "--task", task, "--verification", "none", *arguments)
        return on_a_terminal(self._command(*command), self._environment())

    def call(self, *arguments: str) -> str:
        """Run another command meanwhile, until it ends; return its output."""
        done = subprocess.run(
            self._command(*arguments), env=self._environment(), capture_output=True, text=True, check=True
        )
        return done.stdout

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "rallycross.cli", *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
        return {**kept, **self.environment, "RALLYCROSS_HOME": str(self.home)}

    def run(self, task: str, *arguments: str) -> tuple[int, str]:
        """Run the command until it ends; return its exit code and output."""
        return self.ended(self.start(task, *arguments))

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for the command's end."""
        out, _ = process.communicate(timeout=_LIMIT)
        return process.returncode, out

    def begun(self, process: subprocess.Popen[str]) -> str:
        """Wait until the command has triggered its run; return the run's id."""
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"runs/(demo_\S+)", line):
                return found.group(1)
        pytest.fail(f"the command ended without a run: {''.join(said)}")

    def in_mid_load(self, process: subprocess.Popen[str], iterations: int) -> str:
        """Wait until the load has done some iterations; return the run's id."""
        run_id = self.begun(process)
        assert eventually(lambda: self.done(run_id) >= iterations, 600)
        return run_id

    def api(self) -> AirflowAPI:
        """Return a session with its Airflow."""
        return AirflowServer(self.home / "airflow").api()

    def verdict(self, run_id: str, dag: str = "cloud_lifecycle") -> tuple[str, list[str]]:
        """Wait for a run's end; return PASSED, FAILED or INVALID, and the reasons."""
        api = self.api()
        found: list[str] = []

        def ended() -> bool:
            with suppress(AirflowDidNotAnswer):  # it may be what was killed
                found[:] = [str(api.get(f"/dags/{dag}/dagRuns/{run_id}")["state"])]
            return found in (["success"], ["failed"])

        assert eventually(ended, _LIMIT), f"{run_id} has not ended: {found}"
        run = AirflowRun(api, self.store, dag, run_id)
        if found == ["success"]:
            return "PASSED", []
        return "INVALID" if run.xcom("verdict", "invalid") else "FAILED", run.xcom("verdict", "reasons") or []

    def report(self, run_id: str) -> dict[str, str]:
        """Return the texts of a run's report, by file extension."""
        folder = self.home / "reports" / f"cloud_lifecycle-{run_id}"
        return {file.suffix: file.read_text() for file in folder.iterdir()}

    def result(self, run_id: str) -> TaskRow | None:
        """Return the stored task of a run."""
        return self.store.tasks.get(reference("cloud_lifecycle", run_id, "benchmark"))

    def done(self, run_id: str) -> int:
        """Return how many iterations the load reports as done."""
        task = self.result(run_id)
        return int(task.workloads[0].progress.get("done", 0)) if task else 0

    def measured(self, run_id: str) -> int:
        """Return how many samples are on disk."""
        task = self.result(run_id)
        assert task is not None
        return int(read_samples(self.home / "samples" / task.workloads[0].uuid).num_rows)

    def stage(self) -> int:
        """Return the process of a running stage, which is the child of a busy worker, or 0."""
        workers = {found.pid for found in self.processes() if "LocalExecutor" in found.command}
        return next((found.pid for found in self.processes() if parent(found.pid) in workers), 0)

    def processes(self) -> list[Any]:
        """Return all processes of this Airflow."""
        return marked(MARK, str(self.home / "airflow"))


def parent(pid: int) -> int:
    """Return a process's parent, or 0 if the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
