"""`rallycross demo` against a small cloud: real Airflow, load and report; and what it says when things go wrong."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_cloud import ADMIN, SmallCloud

from rallycross.cli.airflow_settings import MARK
from rallycross.cli.processes import end, marked
from rallycross.results.models import TaskRow
from rallycross.results.reference import reference
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

pytestmark = pytest.mark.e2e  # a start of Airflow, and a minute for each thing that is killed

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
        assert eventually(lambda: self.done(run_id) >= iterations, 60)
        return run_id

    def result(self, run_id: str) -> TaskRow | None:
        """Return the task of a run, as it is stored."""
        return self.store.task(reference("cloud_lifecycle", run_id, "benchmark"))

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


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Have a cloud, and a place for an Airflow that the first run starts."""
    with SmallCloud() as cloud:
        made = Demo(tmp_path_factory.mktemp("demo"), cloud)
        try:
            yield made
        finally:
            end(made.processes, grace=5)


@pytest.fixture(autouse=True)
def _a_cloud_as_it_was(demo: Demo) -> Iterator[None]:
    """Hold every test to leaving the cloud as it was, whatever was killed."""
    demo.cloud.ready_after = 0.0
    yield
    assert [demo.cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]


def test_the_whole_journey_passes(demo: Demo) -> None:
    """Exit code 0: the verdict, each SLA row, the report, the run, the login, and where the time went."""
    code, out = demo.run(demo.task(SIGN_IN, times=20, sla={"failure_rate": {"max": 0}, "max_avg_duration": 5}))

    assert code == 0, out
    assert "PASSED" in out.splitlines()
    assert re.search(r"1 Authenticate.keystone \(.+\) +failure_rate +passed +0 of 20", out)
    assert re.search(r"1 Authenticate.keystone \(.+\) +max_avg_duration +passed", out)
    report = re.search(r"^report +(\S+)$", out, re.MULTILINE)
    assert report is not None
    assert "Authenticate.keystone" in Path(report.group(1)).read_text()
    assert re.search(r"^run +http://127\.0\.0\.1:\d+/dags/cloud_lifecycle/runs/demo_", out, re.MULTILINE)
    assert re.search(r"^Airflow .*user admin, password \S+$", out, re.MULTILINE)
    assert re.search(r"^time +set-up .*Airflow .*deploy .*benchmark .*report .*verdict", out, re.MULTILINE)


def test_a_second_run_takes_what_stands(demo: Demo) -> None:
    """Airflow is not started again."""
    code, out = demo.run(demo.task(SIGN_IN, times=2))

    assert code == 0, out
    assert "starting Airflow" not in out


def test_a_missed_sla_is_exit_code_1(demo: Demo) -> None:
    """The benchmark failed: which row, and by how much."""
    code, out = demo.run(demo.task(SIGN_IN, times=4, sla={"max_avg_duration": 0.000001}))

    assert code == 1, out
    assert "FAILED" in out.splitlines()
    assert "did not pass: max_avg_duration" in out


def test_what_the_cloud_lacks_is_exit_code_2(demo: Demo) -> None:
    """An image that is not there is found before any load, and is named with its place in the file."""
    scenario = {"NovaServers.boot_and_delete_server": {"image": {"name": "beos"}, "flavor": {"name": "m1.nano"}}}
    code, out = demo.run(demo.task(scenario, times=4))

    assert code == 2, out
    assert re.search(r"task\.yaml:\d+:\d+: .*beos", out)


def test_a_cloud_that_does_not_answer_is_exit_code_2(demo: Demo) -> None:
    """A deployment that fails is told with its reason; the report is written all the same."""
    auth = {"auth_url": "http://127.0.0.1:9/v3", **ADMIN}
    spec = demo.file("gone.yaml", {"name": "gone", "engine": "existing", "auth": auth, "region_name": "R"})
    code, out = demo.run(demo.task(SIGN_IN, times=2), "--cloud-spec", spec)

    assert code == 2, out
    assert "127.0.0.1:9" in out
    report = re.search(r"^report +(\S+)$", out, re.MULTILINE)
    assert report is not None
    assert Path(report.group(1)).exists()


def test_an_interrupt_stops_the_run_and_judges_it(demo: Demo) -> None:
    """Ctrl-C in mid-load: the load stops, what it measured is judged, the cloud is cleaned, the run has failed."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=100_000))
    run_id = demo.in_mid_load(process, 5)

    os.kill(process.pid, signal.SIGINT)
    code, out = demo.ended(process)

    assert code == 1, out
    assert "stopping the run" in out
    assert "FAILED" in out.splitlines()
    assert demo.measured(run_id) >= 5


@pytest.mark.parametrize("killed", ["load", "worker", "scheduler"])
def test_what_is_killed_in_mid_load_costs_no_sample(demo: Demo, killed: str) -> None:
    """After kill -9 the verdict says so; what was done a second before is kept; the next run passes."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=100_000))
    run_id = demo.in_mid_load(process, 5)
    load = demo.load_process()
    victim = {
        "load": load,
        "worker": parent(load),
        "scheduler": int((demo.home / "airflow/scheduler.pid").read_text()),
    }[killed]
    assert victim > 0, "the load has ended"  # 0 would be this process's own group
    before = demo.done(run_id)
    time.sleep(1.2)

    os.kill(victim, signal.SIGKILL)
    code, out = demo.ended(process)

    assert code == 1, out
    assert "FAILED" in out.splitlines()
    assert "something_went_wrong" in out or "aborted" in out
    assert demo.measured(run_id) >= before
    task = demo.result(run_id)
    assert task is not None
    assert task.status != "running"
    assert demo.run(demo.task(SIGN_IN, times=2))[0] == 0


def test_a_killed_api_server_costs_nothing(demo: Demo) -> None:
    """The API server comes back while the load goes on, of which nothing is lost or failed."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=150))
    demo.in_mid_load(process, 5)
    (server,) = [found.pid for found in demo.processes() if "api_server" in found.command]

    os.kill(server, signal.SIGKILL)

    code, out = demo.ended(process)
    # On a machine that is busy with the start of an API server the load may be late, which is no loss.
    assert code == 0 or "INVALID" in out.splitlines(), out
    assert "0 of 150 iterations failed" in out
