"""The DAG `verify_cloud` under a real Airflow resumes after kills, and no test runs twice."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from demo_run import AT_LEISURE, own_port
from eventual import eventually
from signalled import strike
from small_cloud import ADMIN
from verifiable_cloud import VerifiableCloud, small_project, standing_environment

from rallycross.cli.airflow.api import AirflowAPI
from rallycross.cli.airflow.processes import end, marked
from rallycross.cli.airflow.settings import MARK
from rallycross.results.reference import reference
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.verification.source import Source
from rallycross.verification_jobs import job

pytestmark = pytest.mark.e2e  # a start of Airflow, and a minute until a worker that was killed is missed

DAG = "verify_cloud"
ALL = 40
TRACES = """
    import pathlib, time, unittest

    class Leaves(unittest.TestCase):
        def leave(self):
            with (pathlib.Path(__file__).parent / "traces").open("a") as file:
                file.write(self.id() + chr(10))
            time.sleep(2.5)

    for number in range(40):
        setattr(Leaves, f"test_{number:02d}", lambda self: self.leave())
"""


class Airflow:
    """An Airflow for the test, with a small cloud as a connection."""

    def __init__(self, folder: Path, cloud: VerifiableCloud) -> None:
        self.home = folder / "home"
        self.paths = settings({"RALLYCROSS_HOME": str(self.home)})
        entry = {"auth": {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}, "region_name": "R"}
        extra = {"cloud": "small", "clouds_yaml": yaml.safe_dump({"clouds": {"small": entry}})}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
        self.environment = {
            **kept,
            "RALLYCROSS_HOME": str(self.home),
            "RALLYCROSS_AIRFLOW_PORT": own_port(),
            "RALLYCROSS_PACKAGES": ".*",
            **AT_LEISURE,
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            "AIRFLOW_CONN_SMALL": json.dumps({"conn_type": "openstack", "extra": extra}),
        }

    def start(self) -> AirflowAPI:
        """Start it like a user; return its API."""
        done = subprocess.run(
            [sys.executable, "-m", "rallycross.cli", "up"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = re.search(r"(http://\S+)  user (\S+), password (\S+)", done.stdout)
        assert found is not None, done.stdout
        return AirflowAPI(*found.groups())

    def processes(self) -> list[Any]:
        """Return all processes of this Airflow and of its tasks."""
        return marked(MARK, str(self.home / "airflow"))

    def worker(self) -> int:
        """Return the worker with a task: the one with a child."""
        workers = {found.pid for found in self.processes() if "LocalExecutor" in found.command}
        above = {parent(found.pid) for found in self.processes()} & workers
        assert above, "no worker has a task"
        return above.pop()

    def job(self) -> int:
        """Return the pid of the process that runs the tests."""
        return next(found.pid for found in self.processes() if "verification_jobs.job" in found.command)


def parent(pid: int) -> int:
    """Return a process's parent, or 0 if the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.fixture(name="airflow", scope="module")
def _airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    with VerifiableCloud() as cloud:
        made = Airflow(tmp_path_factory.mktemp("verify"), cloud)
        try:
            yield made
        finally:
            end(made.processes, grace=5)


@pytest.mark.parametrize("killed", ["worker", "worker and tests"])
def test_a_worker_that_is_killed_costs_nothing(airflow: Airflow, tmp_path: Path, killed: str) -> None:
    """After kill -9 the next try follows the running tests, or runs the rest: no test runs twice, none is lost."""
    api = airflow.start()
    project = small_project(tmp_path / "small", TRACES)
    standing_environment(airflow.paths.verifiers / "environments", Source("project", project))
    run_id = killed.replace(" ", "-")
    conf = {"cloud": "small", "tests": "full", "verifier": "project", "package": project, "concurrency": 1}
    api.post(f"/dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})
    store, uuid = Store.open(airflow.paths.results_url), reference(DAG, run_id, "verify")
    assert eventually(lambda: len(store.tests.of(uuid)) >= 5, 180, every=0.5), "no test has ended"

    strike(airflow.worker(), signal.SIGKILL)
    if killed != "worker":
        strike(airflow.job(), signal.SIGKILL)
    before = {test.name for test in store.tests.of(uuid)}

    path = f"/dags/{DAG}/dagRuns/{run_id}"
    assert eventually(lambda: api.get(path)["state"] in {"success", "failed"}, 600, every=0.5), "the run did not end"
    row, tests = store.verifications.get(uuid), store.tests.of(uuid)
    log = job.log_of(airflow.paths, uuid).read_text()
    assert row is not None
    assert (api.get(path)["state"], row.status, len(tests)) == ("success", "finished", ALL), f"{row.error}\n{log}"
    assert {test.status for test in tests} == {"success"}
    assert api.get(f"{path}/taskInstances/verify")["try_number"] == 2
    traces = Counter((Path(project) / "tests" / "traces").read_text().splitlines())
    twice = {name for name, times in traces.items() if times > 1}
    assert len(traces) == ALL
    assert twice.isdisjoint(before)
    # The one that was killed in its middle, and the one before it, if its end was told to nobody any more.
    assert len(twice) <= (0 if killed == "worker" else 2), log
    assert store.artifacts.of(uuid)
    events = api.get("/assets/events")["asset_events"]
    told = [event["extra"] for event in events if event["uri"] == "rallycross://clouds/small/verified"]
    assert {"cloud": "small", "verification": uuid, "passed": ALL, "failed": 0, "skipped": 0} in told


def test_a_run_that_is_marked_failed_stops_its_tests(airflow: Airflow, tmp_path: Path) -> None:
    """Marking a run failed ends its tests: no process is left, and the results say why."""
    api = airflow.start()
    project = small_project(tmp_path / "small", TRACES)
    standing_environment(airflow.paths.verifiers / "environments", Source("project", project))
    conf = {"cloud": "small", "tests": "full", "verifier": "project", "package": project, "concurrency": 1}
    api.post(f"/dags/{DAG}/dagRuns", {"dag_run_id": "stopped", "logical_date": None, "conf": conf})
    store, uuid = Store.open(airflow.paths.results_url), reference(DAG, "stopped", "verify")
    assert eventually(lambda: len(store.tests.of(uuid)) >= 2, 180, every=0.5), "no test has ended"

    api.patch(f"/dags/{DAG}/dagRuns/stopped", {"state": "failed"})

    assert eventually(lambda: getattr(store.verifications.get(uuid), "status", "") == "crashed", 60, every=0.5), (
        "the tests went on"
    )
    row = store.verifications.get(uuid)
    assert row is not None
    assert "was stopped" in row.error
    assert len(store.tests.of(uuid)) < ALL
    assert eventually(
        lambda: not [one for one in airflow.processes() if "verification_jobs.job" in one.command], 60, every=0.5
    ), "its process is left"
    assert eventually(lambda: store.artifacts.of(uuid), 120, every=0.5), "no report was written"
