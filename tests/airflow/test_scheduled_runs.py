"""Scheduled recipes under a real Airflow: a run for each cloud, the comparison, backfills, deadlines, assets."""

import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from demo_run import AT_LEISURE, own_port
from eventual import eventually
from small_cloud import ADMIN, SmallCloud

from rallycross.cli.airflow.api import AirflowAPI, AirflowDidNotAnswer
from rallycross.cli.airflow.processes import end, marked
from rallycross.cli.airflow.settings import MARK
from rallycross.results.models import TaskRow
from rallycross.results.store import Store
from rallycross.settings import settings

pytestmark = [pytest.mark.e2e, pytest.mark.full]  # a start of Airflow, and a dozen runs

LIMIT = 600  # seconds for some runs: the machine may be busy
TASK = {
    "version": 2,
    "title": "T",
    "subtasks": [
        {
            "title": "s",
            "scenario": {"Dummy.dummy": {"sleep": 0.5}},
            "runner": {"constant": {"times": 4, "concurrency": 1}},
        }
    ],
}
CLOUDS = ["small", "other"]
RECIPES: dict[str, dict[str, Any]] = {
    "one": {"schedule": "0 2 * * *", "clouds": "small", "paused": True},
    "several": {"schedule": "0 2 1 1 *", "clouds": CLOUDS},
    "again-all": {"schedule": "@continuous", "clouds": CLOUDS, "paused": True},
    "after-own": {"schedule": "verified", "clouds": CLOUDS},
    "late": {"schedule": "0 2 1 1 *", "clouds": "small", "deadline": "1s"},
    "wrong": {"schedule": "never", "clouds": "small"},
}


class Airflow:
    """An Airflow with the recipes above, and a small cloud that has two names."""

    def __init__(self, folder: Path, cloud: SmallCloud) -> None:
        self.home = folder / "home"
        recipes = folder / "recipes"
        recipes.mkdir()
        for name, said in RECIPES.items():
            (recipes / f"{name}.yaml").write_text(yaml.safe_dump(TASK))
            (recipes / f"{name}.schedule.yaml").write_text(yaml.safe_dump(said))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
        self.environment = {
            **kept,
            "RALLYCROSS_HOME": str(self.home),
            "RALLYCROSS_RECIPES": str(recipes),
            "RALLYCROSS_AIRFLOW_PORT": own_port(),
            **AT_LEISURE,
        }
        for name in CLOUDS:
            entry = {"auth": {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}, "region_name": "R"}
            extra = {"cloud": name, "clouds_yaml": yaml.safe_dump({"clouds": {name: entry}})}
            connection = json.dumps({"conn_type": "openstack", "extra": extra})
            self.environment[f"AIRFLOW_CONN_{name.upper()}"] = connection
        self.store = Store.open(settings({"RALLYCROSS_HOME": str(self.home)}).results_url)

    def start(self) -> AirflowAPI:
        """Start it like a user; return its API."""
        command = [sys.executable, "-m", "rallycross.cli", "up"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        found = re.search(r"(http://\S+)  user (\S+), password (\S+)", done.stdout)
        assert found is not None, done.stdout
        return AirflowAPI(*found.groups())

    def airflow(self, *words: str) -> bool:
        """Run a command of Airflow's as its documentation says; tell whether its SQLite database was free for it."""
        script = 'source "$1" && shift && exec airflow "$@"'
        file = self.home / "airflow/environment.sh"
        command = ["bash", "-c", script, "bash", str(file), *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or "database is locked" in done.stdout + done.stderr, done.stdout + done.stderr
        return done.returncode == 0

    def tasks(self, recipe: str) -> list[TaskRow]:
        """Return the results of a recipe, the oldest first."""
        return self.store.tasks.latest(tag=f"recipe:{recipe}")[::-1]


@pytest.fixture(name="airflow", scope="module")
def _airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Airflow, AirflowAPI]]:
    with SmallCloud() as cloud:
        made = Airflow(tmp_path_factory.mktemp("recipes"), cloud)
        try:
            yield made, made.start()
        finally:
            made.store.close()
            end(lambda: marked(MARK, str(made.home / "airflow")), grace=5)


def runs(api: AirflowAPI, dag: str) -> list[dict[str, Any]]:
    """Return the runs of a DAG."""
    found: list[dict[str, Any]] = api.get(f"/dags/{dag}/dagRuns?limit=100")["dag_runs"]
    return found


def all_ended(api: AirflowAPI, dag: str, number: int) -> bool:
    """Tell whether a DAG has so many runs, all of which have ended."""
    try:
        found = runs(api, dag)
    except AirflowDidNotAnswer:  # on a busy machine, for a while
        return False
    return len(found) >= number and {run["state"] for run in found} <= {"success", "failed"}


def trigger(api: AirflowAPI, dag: str) -> None:
    """Start a run by hand."""
    api.post(f"/dags/{dag}/dagRuns", {"logical_date": None, "conf": {}})


def overlapping(tasks: list[TaskRow]) -> int:
    """Return how many tasks began before the one before them had ended."""
    return sum(after.started_at < (before.ended_at or math.inf) for before, after in pairwise(tasks))


def test_each_cloud_has_its_run_and_then_all_are_compared(airflow: tuple[Airflow, AirflowAPI]) -> None:
    """A round is one run for each cloud, whose partition has the cloud's name, and one comparison of all, each time."""
    made, api = airflow
    for number in (1, 2):
        trigger(api, "benchmark_several")
        ended = partial(all_ended, api, "benchmark_several.comparison", number)
        assert eventually(ended, LIMIT, every=1), runs(api, "benchmark_several.clouds")
        each = runs(api, "benchmark_several.clouds")
        assert Counter(run["partition_key"] for run in each) == dict.fromkeys(CLOUDS, number)
        assert {run["state"] for run in each} == {"success"}
        assert len(runs(api, "benchmark_several.comparison")) == number
    tasks = made.tasks("several")
    assert Counter(task.cloud for task in tasks) == dict.fromkeys(CLOUDS, 2)
    assert overlapping(tasks) == 0


def test_a_recipe_can_be_backfilled(airflow: tuple[Airflow, AirflowAPI]) -> None:
    """A backfill of four nights makes four runs with one load at a time, on a DAG that is paused otherwise."""
    made, api = airflow
    assert api.get("/dags/benchmark_one")["is_paused"]
    assert runs(api, "benchmark_one") == []
    api.patch("/dags/benchmark_one", {"is_paused": False})
    dates = ("--from-date", "2026-01-01", "--to-date", "2026-01-04T03:00:00")
    backfill = partial(made.airflow, "backfill", "create", "--dag-id", "benchmark_one", *dates)
    assert eventually(backfill, LIMIT, every=1)
    assert eventually(lambda: all_ended(api, "benchmark_one", 4), LIMIT, every=1), runs(api, "benchmark_one")
    # After a backfill, Airflow also makes the run that was due last.
    nights = [run["state"] for run in runs(api, "benchmark_one") if run["run_type"] == "backfill"]
    assert Counter(nights) == {"success": 4}
    assert overlapping(made.tasks("one")) == 0


def test_a_verified_cloud_has_its_run(airflow: tuple[Airflow, AirflowAPI]) -> None:
    """If a cloud passed a verification, the run is on that cloud, and on no other."""
    _, api = airflow
    assets = {one["name"]: one["id"] for one in api.get("/assets?limit=100")["assets"]}
    extra = {"cloud": "other", "passed": 7}
    api.post("/assets/events", {"asset_id": assets["verified-other"], "extra": extra})
    assert eventually(lambda: all_ended(api, "benchmark_after-own.clouds", 1), LIMIT, every=1)
    (run,) = runs(api, "benchmark_after-own.clouds")
    assert (run["partition_key"], run["state"]) == ("other", "success")


def test_an_overdue_run_is_told(airflow: tuple[Airflow, AirflowAPI]) -> None:
    """A run that has not ended within its deadline is told in the triggerer's log, and goes on."""
    made, api = airflow
    trigger(api, "benchmark_late")
    logs = made.home / "airflow"

    def told() -> bool:
        files = [path for path in logs.rglob("*") if path.is_file() and path.suffix in {".log", ""}]
        return any(b"late: the run manual__" in path.read_bytes() for path in files)

    assert eventually(told, LIMIT, every=1)
    assert eventually(lambda: all_ended(api, "benchmark_late", 1), LIMIT, every=1)
    assert runs(api, "benchmark_late")[0]["state"] == "success"


def test_rounds_follow_each_other(airflow: tuple[Airflow, AirflowAPI]) -> None:
    """With @continuous on several clouds, a round begins when the last one has ended on all of them."""
    made, api = airflow
    dag = "benchmark_again-all"
    api.patch(f"/dags/{dag}", {"is_paused": False})
    assert eventually(lambda: len(made.tasks("again-all")) > 2 * len(CLOUDS), LIMIT, every=1), runs(api, dag)
    api.patch(f"/dags/{dag}", {"is_paused": True})
    rounds = [task.cloud for task in made.tasks("again-all")]
    assert [set(rounds[at : at + 2]) for at in (0, 2)] == [set(CLOUDS), set(CLOUDS)]
    assert overlapping(made.tasks("again-all")[:4]) == 0


def test_a_wrong_file_is_shown_as_a_dag(airflow: tuple[Airflow, AirflowAPI]) -> None:
    """A file with an error has a DAG that says so, and no file of DAGs has an import error."""
    _, api = airflow
    assert api.get("/importErrors")["total_entries"] == 0
    assert "INVALID" in api.get("/dags/benchmark_wrong")["description"]
