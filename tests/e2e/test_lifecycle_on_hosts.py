"""From one spec to a cloud on three hosts: verified, benchmarked and destroyed, by one `airflow dags trigger`."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from textwrap import indent

import pytest
import yaml
from conformance import existing
from machines import Machines, NoMachinesError

from rallycross.cli.airflow.processes import end, marked
from rallycross.cli.airflow.settings import MARK
from rallycross.deployment.connect import connect
from rallycross.results.reference import reference
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT, settings

pytestmark = pytest.mark.full  # a deployment on three hosts, from nothing

DAG = "cloud_lifecycle"
RUN = "on-hosts"
LIMIT = 2400  # seconds for the whole run
QUICKSTART = CHECKOUT / "include/recipes/quickstart.yaml"
# A service of one of the hosts goes away in the middle of a load, and is there again after it.
DISTURBED = {
    "title": "A compute service is killed",
    "scenario": {"Dummy.dummy": {"sleep": 0.1}},
    "runner": {"constant": {"times": 20, "concurrency": 1}},
    "hooks": [
        {
            "action": {"fault_injection": {"action": "kill nova-compute service on compute-a node"}},
            "trigger": {"event": {"unit": "iteration", "at": [5]}},
        }
    ],
}


@pytest.fixture(name="machines", scope="module")
def _machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    try:
        with Machines(tmp_path_factory.mktemp("machines")) as made:
            yield made
    except NoMachinesError as error:
        pytest.skip(f"{error}; `./rallycross test --full` runs this test as root")


class Airflow:
    """An Airflow of the test's own, used as a user would."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
        self._environment = {**kept, "RALLYCROSS_HOME": str(home)}

    def start(self) -> None:
        """Start it."""
        self._run([sys.executable, "-m", "rallycross.cli", "up"])

    def command(self, line: str) -> str:
        """Run one of Airflow's commands, as the README says; return what it prints."""
        environment = self.home / "airflow/environment.sh"
        return self._run(["bash", "-c", f"source {environment} && exec airflow {line}"])

    def state(self) -> str:
        """Return the run's state."""
        said = self.command(f"dags list-runs {DAG} --output json").splitlines()
        runs = json.loads(next(line for line in said if line.startswith("[")))  # warnings go before it
        return next(str(run["state"]) for run in runs if run["run_id"] == RUN)

    def stop(self) -> None:
        """End all its processes."""
        end(lambda: marked(MARK, str(self.home / "airflow")), grace=5)

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self._environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_one_trigger_is_enough(machines: Machines, tmp_path: Path) -> None:
    """The run is a success; the quick set and the load have passed; hosts, ledger and registry hold nothing after."""
    servers = [machines.start(name) for name in ("control", "compute-a", "compute-b")]
    spec = tmp_path / "lab.yaml"
    spec.write_text(yaml.safe_dump({"name": "lab", "engine": "embedded", "provider": existing(servers)}))
    task = tmp_path / "task.yaml"
    image = CHECKOUT / "include/recipes/files/small.raw"
    recipe = QUICKSTART.read_text().replace("files/small.raw", str(image))
    task.write_text(recipe + indent(yaml.safe_dump([DISTURBED]), "  "))
    conf = json.dumps({"cloud_spec": str(spec), "task_file": str(task), "verification": "quick", "keep": False})
    airflow = Airflow(tmp_path / "home")
    try:
        airflow.start()
        airflow.command(f"dags trigger {DAG} --run-id {RUN} --conf '{conf}'")
        deadline = time.monotonic() + LIMIT
        while (state := airflow.state()) in {"queued", "running"} and time.monotonic() < deadline:
            time.sleep(5)
        states = airflow.command(f"tasks states-for-dag-run {DAG} {RUN}")
        assert state == "success", states
    finally:
        airflow.stop()

    store = Store.open(settings({"RALLYCROSS_HOME": str(airflow.home)}).results_url)
    tests = Counter(test.status for test in store.tests.of(reference(DAG, RUN, "verify")))
    assert (tests.pop("success") > 20, set(tests) <= {"skip"}) == (True, True)
    measured = store.tasks.get(reference(DAG, RUN, "benchmark"))
    assert measured is not None
    assert [(one.status, one.passed) for one in measured.workloads] == [("finished", True)] * 8
    assert [one["summary"] for one in measured.workloads[-1].hook_results] == [{"success": 1}]
    assert (store.ledger.standing("lab"), store.clouds.get("lab")) == ([], None)
    for server in servers:
        with closing(connect(server)) as host:
            left = host.run("find /root/.rallycross -name lab; pgrep -f clouds/la[b]/ || true").out
        assert left == "", server.name
