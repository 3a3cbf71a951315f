"""The DAGs of scheduled recipes: each has its own, whatever is wrong with the others."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException
from small_cloud import ADMIN, SmallCloud

from hooks.results import store
from operators.confirm import ConfirmOperator
from operators.prune import schedule
from rallycross.errors import RallycrossError
from rallycross.settings import CHECKOUT, settings

TASK = """\
version: 2
title: T
tags: [of the file]
subtasks:
  - title: s
    scenario:
      Dummy.dummy: {sleep: {{ sleep }}}
    runner:
      constant: {times: 3, concurrency: 1}
"""
RECIPES = {
    "one": {"schedule": "0 2 * * *", "timezone": "Europe/Berlin", "clouds": "small", "deadline": "90m", "paused": True},
    "several": {"schedule": "@daily", "clouds": ["small", "other"], "confirmations": 0},
    "again": {"schedule": "@continuous", "clouds": "small"},
    "again-all": {"schedule": "@continuous", "clouds": ["small", "other"]},
    "after-own": {"schedule": "verified", "clouds": ["small", "other"]},
    "after-other": {"schedule": {"verified": "other"}, "clouds": "small"},
    "after-asset": {"schedule": {"asset": "images"}, "clouds": "small"},
    "wrong": {"schedule": "0 25 * * *", "clouds": "small"},
}


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a recipe of each kind."""
    folder = tmp_path_factory.mktemp("recipes")
    for name, said in RECIPES.items():
        (folder / f"{name}.yaml").write_text(TASK)
        document = {"task_args": {"sleep": 0.01}, "tags": ["mine"], **said}
        (folder / f"{name}.schedule.yaml").write_text(yaml.safe_dump(document))
    return folder


@pytest.fixture(name="bag", scope="module")
def _bag(folder: Path, airflow_db: None) -> Iterator[Any]:  # noqa: ARG001 - has to be there
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - not before the settings stand

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALLYCROSS_RECIPES", str(folder))
        yield DagBag(str(CHECKOUT / "dags/benchmarks.py"))


def test_every_recipe_has_its_dags(bag: Any) -> None:
    """A recipe on one cloud has one DAG, on several clouds it has three; a wrong file has one, and breaks no other."""
    several = {f"benchmark_{name}" for name in ("several", "again-all", "after-own")}
    parts = {f"{dag}{part}" for dag in several for part in (".clouds", ".comparison")}
    assert bag.import_errors == {}
    assert set(bag.dags) == {"benchmark_nightly", *(f"benchmark_{name}" for name in RECIPES), *parts}
    wrong = bag.dags["benchmark_wrong"]
    assert wrong.schedule is None
    assert "schedule: '0 25 * * *' is not a cron expression" in wrong.doc_md
    assert "invalid" in wrong.tags


def test_the_shipped_one_is_nightly_and_paused(bag: Any) -> None:
    """The nightly recipe runs at two, and is paused until somebody wants it; a recipe may say the same."""
    nightly, one = bag.dags["benchmark_nightly"], bag.dags["benchmark_one"]
    assert (nightly.schedule.expression, nightly.is_paused_upon_creation) == ("0 2 * * *", True)
    assert (str(one.schedule.timezone), one.is_paused_upon_creation) == ("Europe/Berlin", True)
    assert bag.dags["benchmark_again"].is_paused_upon_creation is None
    assert bag.dags["benchmark_several.clouds"].is_paused_upon_creation is False


def test_no_two_loads_of_a_recipe_run_at_the_same_time(bag: Any) -> None:
    """One load at a time runs for a recipe, also in a backfill, whose runs may be active together."""
    loads = [task for dag in bag.dags.values() for task in dag.tasks if task.task_id == "benchmark"]
    assert len(loads) == len(RECIPES)
    assert {task.max_active_tis_per_dag for task in loads} == {1}


def test_a_recipe_with_a_deadline_is_told_to_be_overdue(bag: Any) -> None:
    """A deadline of the file is one of the DAG, counted from when a run is queued."""
    (alert,) = bag.dags["benchmark_one"].deadline
    assert alert.interval.total_seconds() == 5400
    assert alert.callback.path == "operators.overdue.tell"
    assert not bag.dags["benchmark_again"].deadline


@pytest.fixture(name="cloud", scope="module")
def _cloud() -> Iterator[SmallCloud]:
    with SmallCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        for name in ("small", "other"):
            entry = {"auth": {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}, "region_name": "R"}
            extra = {"cloud": name, "clouds_yaml": yaml.safe_dump({"clouds": {name: entry}})}
            connection = json.dumps({"conn_type": "openstack", "extra": extra})
            patch.setenv(f"AIRFLOW_CONN_{name.upper()}", connection)
        yield cloud


@pytest.mark.usefixtures("cloud", "home")
def test_a_run_has_the_tag_of_its_history(bag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results of a run have the tags of the recipe, of its file and of the task file, whatever forms may name."""
    monkeypatch.setenv("RALLYCROSS_FILES", "/nowhere")

    # `dag.test` of this Airflow fails for a DAG with a deadline.
    run = bag.dags["benchmark_after-other"].test(run_conf={"confirmation": 1})

    (task,) = store().tasks.latest(cloud="small")
    assert task.tags == ["of the file", "recipe:after-other", "mine", "confirmation"]
    assert run.state == "success"
    states = {one.task_id: one.state for one in run.get_task_instances()}
    assert states["verdict"] == "success"


@pytest.mark.usefixtures("cloud", "home")
def test_clouds_are_compared_by_their_newest_results(bag: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The comparison has a column for each cloud; without any results it is skipped."""
    comparison = bag.dags["benchmark_several.comparison"]
    skipped = comparison.test()
    assert [one.state for one in skipped.get_task_instances()] == ["skipped"]
    for cloud in ("small", "other"):
        assert bag.dags["benchmark_several.clouds"].test(run_conf={"cloud": cloud}).state == "success"

    caplog.set_level("INFO")
    assert comparison.test().state == "success"

    assert {task.cloud for task in store().tasks.latest(tag="recipe:several")} == {"small", "other"}


@pytest.mark.usefixtures("cloud", "home")
@pytest.mark.parametrize(("confirmation", "announced"), [(0, "success"), (1, "skipped")])
def test_a_confirmation_run_is_beside_the_rounds(bag: Any, confirmation: int, announced: str) -> None:
    """The comparison waits for one run on each cloud, and a confirmation run does not count as one."""
    run = bag.dags["benchmark_several.clouds"].test(run_conf={"cloud": "small", "confirmation": confirmation})

    assert {one.task_id: one.state for one in run.get_task_instances()}["announce"] == announced
    assert run.state == "success"


@pytest.mark.usefixtures("home")
def test_a_wrong_file_is_told_by_its_run(bag: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """A run of the DAG of a wrong file fails with the file, the line and the remedy."""
    assert bag.dags["benchmark_wrong"].test().state == "failed"
    said = capfd.readouterr()
    assert "wrong.schedule.yaml:2:1: schedule: '0 25 * * *' is not a cron expression" in said.out + said.err


CONTEXT: Any = {"dag": type("Dag", (), {"dag_id": "benchmark_one"}), "run_id": "r", "ti": None}


def confirm(**given: Any) -> ConfirmOperator:
    """Return the stage that confirms a change."""
    return ConfirmOperator(task_id="confirm", **{"wanted": "True", "cloud": "c", "number": "0", "limit": 2, **given})


def test_a_suspected_change_starts_another_run() -> None:
    """A run that looks worse triggers one of its own DAG on the same cloud, which knows its number."""
    with pytest.raises(DagRunTriggerException) as triggered:
        confirm(number="1").execute(CONTEXT)
    assert triggered.value.conf == {"cloud": "c", "confirmation": 2}
    assert (triggered.value.trigger_dag_id, triggered.value.dag_run_id) == ("benchmark_one", "confirmation_2_of_r")
    assert triggered.value.skip_when_already_exists


@pytest.mark.parametrize("given", [{"wanted": "False"}, {"wanted": False}, {"number": "2"}, {"limit": 0}])
def test_no_further_run_is_started(given: dict[str, Any]) -> None:
    """Without a suspicion, and after the last confirmation run, none is triggered."""
    with pytest.raises(AirflowSkipException):
        confirm(**given).execute(CONTEXT)


def test_pruning_has_a_schedule_if_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default results are pruned by hand; a setting makes it a schedule, and a wrong one is told."""
    assert schedule(settings({})) is None
    assert schedule(settings({"RALLYCROSS_PRUNE_SCHEDULE": "@weekly"})) == "@weekly"
    with pytest.raises(RallycrossError, match=r"RALLYCROSS_PRUNE_SCHEDULE: 'never' is not a cron expression - write"):
        schedule(settings({"RALLYCROSS_PRUNE_SCHEDULE": "never"}))
    monkeypatch.setenv("RALLYCROSS_PRUNE_SCHEDULE", "30 3 * * 0")
    monkeypatch.setenv("RALLYCROSS_PRUNE_OLDER_THAN", "4w")
    monkeypatch.setenv("RALLYCROSS_PRUNE_DELETE", "true")
    dag = runpy.run_path(str(CHECKOUT / "dags/prune_results.py"))["dag"]
    assert (dag.schedule, dag.params["older_than"], dag.params["delete"]) == ("30 3 * * 0", "4w", True)
