"""The DAG `janitor` reports what is left in every registered cloud, and deletes only what it may."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from left_things import ALIVE, EVERYTHING, LEFT, STAYS, WHAT_STAYS, fill, names
from small_cloud import SmallCloud

from hooks.results import store
from operators.janitor import JanitorOperator
from rallycross.cloud.naming import BEGINNINGS
from rallycross.settings import CHECKOUT

AS_IT_OPENS: dict[str, Any] = {"clouds": [], "delete": False, "older_than": 0, "names": list(BEGINNINGS)}
ALL_LEFT = sum(map(len, LEFT.values()))


@pytest.fixture(name="cloud")
def _cloud(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a registered cloud with leftovers."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "0")
    monkeypatch.setenv("RALLYCROSS_DEAD_AFTER", "3600")  # longer than a busy machine takes for any of the tests
    with SmallCloud() as cloud:
        fill(cloud, store())
        register(home, "small", cloud.cloud().config)
        yield cloud


def register(home: Path, name: str, entry: dict[str, Any]) -> None:
    """Register a cloud by its entry of a clouds.yaml."""
    file = home / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"clouds": {name: entry}}))
    store().clouds.register(
        name, clouds_yaml=str(file), spec="", engine="existing", root="", deployment=None, environment={}
    )


def run(dag_bag: Any, **conf: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Run the DAG; return the state and the document of each cloud's task."""
    ran = dag_bag.dags["janitor"].test(run_conf={**AS_IT_OPENS, **conf})  # `test` keeps the values of the last run
    found = [one for one in ran.get_task_instances() if one.task_id == "janitor"]
    asked = [one.xcom_pull(task_ids="janitor", map_indexes=one.map_index) for one in found]
    documents = {document["cloud"]: document for document in asked if document}
    return {one.rendered_map_index: str(one.state) for one in found}, documents


def test_it_only_reports_unless_told_to_delete(
    cloud: SmallCloud, dag_bag: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its form opens, the log has kind, age and owner of what is left, the XCom the same, and nothing is deleted."""
    monkeypatch.setattr(JanitorOperator, "log", logging.getLogger("janitor"))  # the tests' Airflow only logs warnings
    with caplog.at_level(logging.INFO, "janitor"):
        states, documents = run(dag_bag)
    assert states == {"small": "success"}
    assert names(cloud) == EVERYTHING
    found = {(one["kind"], one["names"]): one for one in documents["small"]["found"]}
    servers = found["nova.servers", "s_rally_DeadBeef_..."]
    assert (servers["things"], servers["projects"]) == (2, "c_rally_0badcafe_bbbbbbbb")
    assert servers["oldest"] > 86_400
    assert (documents["small"]["things"], documents["small"]["deleted"]) == (ALL_LEFT, None)
    said = caplog.text
    assert "2 nova.servers named s_rally_DeadBeef_..., age " in said
    assert "in c_rally_0badcafe_bbbbbbbb" in said
    assert "delete is off" in said
    from rallycross_dag_runs import janitor_findings  # noqa: PLC0415 - Airflow adds the folder of plugins to the path

    [shown] = janitor_findings()  # what the page Leftovers shows
    assert (shown.cloud, shown.things, shown.deleted, shown.errors) == ("small", ALL_LEFT, None, [])
    assert {"kind", "names", "things", "projects", "youngest", "oldest"} == shown.groups[0].keys()
    assert sum(group["things"] for group in shown.groups) == ALL_LEFT


def test_it_deletes_what_is_left_and_nothing_else(cloud: SmallCloud, dag_bag: Any) -> None:
    """With `delete`, what dead runs have left goes, and what others have made stays."""
    states, documents = run(dag_bag, delete=True)
    assert states == {"small": "success"}
    assert names(cloud) == WHAT_STAYS
    assert documents["small"]["deleted"] == ALL_LEFT
    assert run(dag_bag, delete=True)[1]["small"]["things"] == 0


def test_a_cloud_that_is_down_fails_alone(cloud: SmallCloud, dag_bag: Any, home: Path) -> None:
    """Of two clouds one is down: its task fails, and the other cloud is cleaned."""
    register(home, "down", {"auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "p"}})
    states, documents = run(dag_bag, delete=True)
    assert states == {"down": "failed", "small": "success"}
    assert (names(cloud), documents.keys()) == (WHAT_STAYS, {"small"})


def test_what_cannot_be_deleted_fails_the_task_and_is_in_its_document(cloud: SmallCloud, dag_bag: Any) -> None:
    """A refused deletion fails the task of its cloud; the document names the thing; all but its project is gone."""
    cloud.refuse[f"DELETE compute /servers/id of {LEFT['servers'][0]}"] = 403
    states, documents = run(dag_bag, delete=True)
    assert states == {"small": "failed"}
    assert [LEFT["servers"][0] in error for error in documents["small"]["errors"]] == [True]
    assert documents["small"]["deleted"] == ALL_LEFT - 2
    there = {name for kind in names(cloud).values() for name in kind} - {
        name for kind in STAYS.values() for name in kind
    }
    assert there == {LEFT["servers"][0], LEFT["projects"][0]}


def test_a_setting_bounds_what_a_form_may_delete(
    cloud: SmallCloud, dag_bag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With RALLYCROSS_DELETE_LEFTOVERS a form may delete what the ledger has of dead runs only, or nothing."""
    [key] = [key for key in cloud.things["servers"] if "a11feed0" in key]
    row = store().ledger.remember(ALIVE, "small", "nova.servers", cloud.things["servers"][key]["name"])
    store().ledger.learned(row, key)
    store().tasks.end(ALIVE, status="crashed")
    monkeypatch.setenv("RALLYCROSS_DELETE_LEFTOVERS", "none")
    assert run(dag_bag, delete=True) == ({"small": "failed"}, {})
    assert key in cloud.things["servers"]
    monkeypatch.setenv("RALLYCROSS_DELETE_LEFTOVERS", "ledger")
    states, documents = run(dag_bag, delete=True)
    assert states == {"small": "success"}
    assert [(one["task"], one["cleaned"]) for one in documents["small"]["tasks"]] == [(ALIVE, 1)]
    assert key not in cloud.things["servers"]
    assert documents["small"]["deleted"] is None


def test_clouds_and_names_can_be_chosen(cloud: SmallCloud, dag_bag: Any, home: Path) -> None:
    """Only the named clouds are looked at, and only for the chosen beginnings of names."""
    register(home, "down", {"auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "p"}})
    states, documents = run(dag_bag, clouds=["small", "small"], names=["c_rally_"])
    assert states == {"small": "success"}
    assert {one["names"] for one in documents["small"]["found"]} == {"c_rally_0badcafe_..."}
    assert names(cloud) == EVERYTHING


def test_without_clouds_nothing_is_done(home: Path, dag_bag: Any) -> None:
    """With no registered cloud, the tasks of clouds are skipped, and the run succeeds."""
    del home
    ran = dag_bag.dags["janitor"].test(run_conf=AS_IT_OPENS)
    assert ran.state == "success"


def test_the_settings_decide_when_and_how_it_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default it runs by hand only, and reports; settings have its schedule, and the defaults of its form."""
    dag = DagBag(str(CHECKOUT / "dags/janitor.py")).dags["janitor"]
    assert (dag.schedule, dag.params.dump()) == (None, AS_IT_OPENS)
    for name, value in {"SCHEDULE": "30 3 * * *", "DELETE": "true", "OLDER_THAN": "90"}.items():
        monkeypatch.setenv(f"RALLYCROSS_JANITOR_{name}", value)
    dag = DagBag(str(CHECKOUT / "dags/janitor.py")).dags["janitor"]
    dag.params.validate()
    assert (dag.schedule, dag.catchup, dag.params["delete"], dag.params["older_than"]) == (
        "30 3 * * *",
        False,
        True,
        90,
    )


@pytest.mark.parametrize(("name", "value"), [("SCHEDULE", "each night"), ("DELETE", "yes"), ("OLDER_THAN", "-1")])
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting is an import error of the DAG with the name of the setting."""
    monkeypatch.setenv(f"RALLYCROSS_JANITOR_{name}", value)
    [error] = DagBag(str(CHECKOUT / "dags/janitor.py")).import_errors.values()
    assert f"RALLYCROSS_JANITOR_{name}" in error
