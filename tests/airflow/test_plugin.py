"""The page in Airflow's UI requires a sign-in, and shows the report of its run."""

import importlib.util
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from app_of_airflow import token

from hooks.results import store
from rallycross.deployment.step import StepEvent
from rallycross.results.reference import reference
from rallycross.settings import CHECKOUT

DAG_ID, RUN_ID = "cloud_lifecycle", "manual__2026-11-23T01:00:00+00:00"


def page(kind: str = "html") -> str:
    """Return the address of the run's report."""
    return f"/rallycross/dags/{DAG_ID}/runs/{quote(RUN_ID, safe='')}/report/{kind}"


def test_no_route_without_a_login(app: Any) -> None:
    """Every route of the plugin's application answers 401 without a sign-in."""
    from airflow.plugins_manager import get_fastapi_plugins  # noqa: PLC0415 - slow

    apps = [one["app"] for one in get_fastapi_plugins()[0] if one["url_prefix"] == "/rallycross"]
    assert len(apps) == 1
    assert apps[0].routes
    for route in apps[0].routes:
        path = route.path.format(dag_id=DAG_ID, run_id="r", kind="html")
        for method in route.methods:
            assert app.request(method, f"/rallycross{path}").status_code == 401, route.path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_documentation_routes(app: Any, path: str) -> None:
    """The application has no documentation routes."""
    assert app.get(f"/rallycross{path}").status_code in {401, 404}


def test_a_viewer_sees_the_report(app: Any, home: Path) -> None:
    """A user who may read runs can download every kind of the run's report."""
    owner = reference(DAG_ID, RUN_ID, "deploy")
    for kind, text in (("html", "<h1>the report</h1>"), ("json", "{}")):
        (home / f"report.{kind}").write_text(text)
        store().artifacts.add(owner, kind, str(home / f"report.{kind}"))

    found = app.get(page(), headers=token("viewer"))

    assert (found.status_code, found.text) == (200, "<h1>the report</h1>")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert app.get(page("json"), headers=token("viewer")).json() == {}


def test_a_run_without_a_report_says_so(app: Any, home: Path) -> None:
    """Before the report is written, and after its file was deleted, the page has a sentence instead."""
    assert "no report yet" in app.get(page(), headers=token("viewer")).text
    store().artifacts.add(reference(DAG_ID, RUN_ID, "deploy"), "html", str(home / "gone.html"))

    found = app.get(page(), headers=token("viewer"))

    assert (found.status_code, "no report yet" in found.text) == (404, True)
    assert app.get(page("junit"), headers=token("viewer")).status_code == 404


def test_a_run_of_a_dag_without_a_report_says_what_there_is(app: Any, home: Path) -> None:  # noqa: ARG001
    """For a DAG without a report the tab says so, and shows the steps of the deployment, escaped."""
    uuid = reference("deploy_cloud", "r", "deploy")
    address = "/rallycross/dags/deploy_cloud/runs/r/report/html"
    assert "have no report" in app.get(address, headers=token("viewer")).text

    store().deployments.begin(uuid, cloud="toy", engine="toy", spec="", total_steps=1)
    assert "Nothing had to be done" in app.get(address, headers=token("viewer")).text
    store().deployments.record_step(uuid, StepEvent("mark", "<b>Mark</b>", "done", 1.0, 0.5))
    found = app.get(address, headers=token("viewer")).text

    assert "Deployment of toy: running" in found
    assert "&lt;b&gt;Mark&lt;/b&gt;" in found
    assert "no report yet" not in found


def test_a_tab_on_every_run() -> None:
    """The tab's URL is that of the page, with Airflow's placeholders for DAG and run."""
    spec = importlib.util.spec_from_file_location("rallycross_plugin", CHECKOUT / "plugins/rallycross_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (view,) = module.RallycrossPlugin.external_views

    assert view["destination"] == "dag_run"
    assert view["href"].format(DAG_ID=DAG_ID, RUN_ID=quote(RUN_ID, safe="")) == page()
