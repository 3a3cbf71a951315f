"""A load of 50 boots with volumes and floating IPs that is killed, with all its processes, in its middle.

python tests/e2e/killed_load.py CLOUDS_YAML CLOUD [WAY...]    does it, deletes what is left, says how long that took

That may be a cloud that others use: only what the load has made counts, and only that is deleted. WAY: command, dag or
name; default: each of them, of a load of its own.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from eventual import eventually
from load_processes import load_processes
from scenario_trial import standing

from rallycross import janitor
from rallycross.cloud.api import Api
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.naming import context_prefix, scenario_prefix
from rallycross.cloud.resource import Thing
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

BOOTS, ENOUGH = 50, 15  # iterations in all, and that have ended when the load is killed
LIMIT = 600.0  # seconds until then
DEAD_AFTER = 5.0
TASK = {
    "version": 2,
    "title": "To be killed",
    "subtasks": [
        {
            "title": "s",
            "scenario": {
                "KeptServers.boot_with_volume_and_floating_ip": {
                    "image": {"name": "cirros"},
                    "flavor": {"name": "m1.nano"},
                    "floating_network": "public",
                }
            },
            "runner": {"constant": {"times": BOOTS, "concurrency": 5}},
            "contexts": {
                "users": {"tenants": 2, "users_per_tenant": 2},
                "network": {},
                "quotas": {
                    "nova": dict.fromkeys(("instances", "cores", "ram"), -1),
                    "cinder": dict.fromkeys(("volumes", "gigabytes"), -1),
                    "neutron": dict.fromkeys(("floatingip", "port"), -1),
                },
            },
        }
    ],
}


@dataclass(frozen=True)
class KilledLoad:
    """What was killed, and where."""

    home: Path
    cloud: str
    task: str  # its uuid
    workload: str
    projects: frozenset[str]  # ids of those that its contexts have made

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands of its checkout."""
        return environment(self.home)

    @property
    def store(self) -> Store:
        """Its results database."""
        return Store.open(f"sqlite:///{self.home / 'results.db'}")

    def made(self, thing: Thing) -> bool:
        """Tell whether a thing has a name of its scenario or its contexts, or is in one of its projects."""
        texts = [one for one in thing.values() if isinstance(one, str)]
        names = (context_prefix(self.task), scenario_prefix(self.workload))
        return any(one.startswith(names) or one in self.projects for one in texts)

    def lose_ledger(self) -> None:
        """Delete its results database, as if the load were one of another checkout."""
        for file in self.home.glob("results.db*"):
            file.unlink()


def environment(home: Path) -> dict[str, str]:
    """Return the environment of the commands of a checkout with this home."""
    return {
        **os.environ,
        "RALLYCROSS_HOME": str(home),
        "OS_CLIENT_CONFIG_FILE": str(home / "clouds.yaml"),
        "RALLYCROSS_SCENARIOS": str(Path(__file__).with_name("own_scenarios")),
        "RALLYCROSS_DEAD_AFTER": f"{DEAD_AFTER:g}",
    }


def killed(cloud: Cloud, home: Path) -> KilledLoad:
    """Begin the load in a checkout with this home, and kill -9 all its processes in its middle."""
    home.mkdir(exist_ok=True)
    (home / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {cloud.name: cloud.config}}))
    (home / "task.yaml").write_text(yaml.safe_dump(TASK))
    command = [sys.executable, "-m", "rallycross.cli", "run", str(home / "task.yaml"), "--cloud", cloud.name]
    with (home / "output").open("wb") as output:
        running = subprocess.Popen(
            command, env=environment(home), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        eventually(lambda: running.poll() is not None or _done(home) >= ENOUGH, limit=LIMIT)
        assert running.poll() is None, (home / "output").read_text()
    finally:
        own = load_processes(running.pid)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(timeout=30)
        for pid in own:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
    assert own
    assert _done(home) < BOOTS
    [task] = Store.open(f"sqlite:///{home / 'results.db'}").tasks.running()
    [workload] = Store.open(f"sqlite:///{home / 'results.db'}").tasks.get(task).workloads
    projects = Api(cloud.connect()).list("identity", "/projects", "projects")
    own_projects = frozenset(one["id"] for one in projects if one["name"].startswith(context_prefix(task)))
    return KilledLoad(home, cloud.name, task, workload.uuid, own_projects)


def _done(home: Path) -> int:
    """Return how many iterations have ended."""
    if not (home / "results.db").exists():
        return 0
    store = Store.open(f"sqlite:///{home / 'results.db'}")
    rows = [row for uuid in store.tasks.running() if (row := store.tasks.get(uuid))]
    return sum(workload.so_far.done for row in rows for workload in row.workloads if workload.so_far)


def run_dag(load: KilledLoad, cloud: Cloud, *, may: str) -> None:
    """Run the DAG `janitor` in an Airflow of its own, which deletes what it may."""
    load.store.clouds.register(
        cloud.name,
        clouds_yaml=str(load.home / "clouds.yaml"),
        spec="",
        engine="existing",
        root="",
        deployment=None,
        environment={},
    )
    airflow = {
        **load.environment,
        "RALLYCROSS_DELETE_LEFTOVERS": may,
        "AIRFLOW_HOME": str(load.home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    conf = json.dumps({"delete": True})
    for command in (["db", "migrate"], ["dags", "test", "janitor", "--conf", conf]):
        subprocess.run([sys.executable, "-m", "airflow", *command], env=airflow, check=True, timeout=LIMIT)


def _by_dag(load: KilledLoad, cloud: Cloud) -> None:
    time.sleep(DEAD_AFTER)
    run_dag(load, cloud, may="ledger")


def _by_command(load: KilledLoad, cloud: Cloud) -> None:
    del cloud
    command = [sys.executable, "-m", "rallycross.cli", "clean", "--task", load.task]
    subprocess.run(command, env=load.environment, check=True, timeout=LIMIT)


def _by_name(load: KilledLoad, cloud: Cloud) -> None:
    load.lose_ledger()
    time.sleep(30)  # for the requests that the load had sent
    found = janitor.find_by_name(cloud, load.store)
    runs = (context_prefix(load.task), scenario_prefix(load.workload))
    deleted, left = janitor.delete_by_name([one for one in found.things if one.run in runs])
    sys.stdout.write(f"{deleted} deleted, {len(left)} left, not listed: {found.unlisted}\n")


_WAYS: dict[str, Callable[[KilledLoad, Cloud], None]] = {"command": _by_command, "dag": _by_dag, "name": _by_name}


def main(clouds_yaml: str, name: str, *ways: str) -> int:
    """Kill a load for each way, and delete what it has left; return how much is left then."""
    cloud, left = Cloud.from_file(Path(clouds_yaml), name), 0
    for way, delete in _WAYS.items():
        if ways and way not in ways:
            continue
        with tempfile.TemporaryDirectory() as folder:
            load = killed(cloud, Path(folder) / "home")
            before = standing(cloud, load.made)
            began = time.monotonic()
            delete(load, cloud)
            seconds = time.monotonic() - began
            after = standing(cloud, load.made)
            kinds = dict(Counter(one.split(" ")[0] for one in before.elements()))
            rows = len(load.store.ledger.standing(name))
            left += after.total() + rows
            sys.stdout.write(f"{way}: {kinds} deleted in {seconds:.0f} s; left: {dict(after)}, {rows} in the ledger\n")
    return left


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
