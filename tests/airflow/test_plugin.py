"""The page inside Airflow's UI is for those who are signed in, and shows the report of its run."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hooks.results import store
from rallycross.results.reference import reference
from rallycross.settings import CHECKOUT

DAG_ID, RUN_ID = "cloud_lifecycle", "manual__2026-11-23T01:00:00+00:00"


def page(kind: str = "html") -> str:
    """Return the address of the run's report."""
    return f"/rallycross/dags/{DAG_ID}/runs/{quote(RUN_ID, safe='')}/report/{kind}"


@pytest.fixture(name="server", scope="module")
def _server(airflow_db: None) -> Iterator[Any]:  # noqa: ARG001 - has to be there
    """Run the API server's application in this process, with the plugin as Airflow mounts it."""
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 - slow
    from fastapi.testclient import TestClient  # noqa: PLC0415 - slow

    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        yield client


def token(role: str) -> dict[str, str]:
    """Return the header of a user of this role."""
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - slow
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - slow

    made = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="someone", role=role))
    return {"Authorization": f"Bearer {made}"}


def test_no_route_without_a_login(server: Any) -> None:
    """Every route of the plugin's application answers 401 to those who are not signed in."""
    from airflow.plugins_manager import get_fastapi_plugins  # noqa: PLC0415 - slow

    apps = [one["app"] for one in get_fastapi_plugins()[0] if one["url_prefix"] == "/rallycross"]
    assert len(apps) == 1
    assert apps[0].routes
    for route in apps[0].routes:
        path = route.path.format(dag_id=DAG_ID, run_id="r", kind="html")
        for method in route.methods:
            assert server.request(method, f"/rallycross{path}").status_code == 401, route.path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_documentation_routes(server: Any, path: str) -> None:
    """The application tells nobody what it is made of."""
    assert server.get(f"/rallycross{path}").status_code in {401, 404}


def test_a_viewer_sees_the_report(server: Any, home: Path) -> None:
    """A user who may look at runs gets the file that the run's stage has written, whatever its kind."""
    owner = reference(DAG_ID, RUN_ID, "deploy")
    for kind, text in (("html", "<h1>the report</h1>"), ("json", "{}")):
        (home / f"report.{kind}").write_text(text)
        store().add_artifact(owner, kind, str(home / f"report.{kind}"))

    found = server.get(page(), headers=token("viewer"))

    assert (found.status_code, found.text) == (200, "<h1>the report</h1>")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert server.get(page("json"), headers=token("viewer")).json() == {}


def test_a_run_without_a_report_says_so(server: Any, home: Path) -> None:
    """Before the stage has run, and when its file has been deleted, there is a sentence instead of a page."""
    assert "no report yet" in server.get(page(), headers=token("viewer")).text
    store().add_artifact(reference(DAG_ID, RUN_ID, "deploy"), "html", str(home / "gone.html"))

    found = server.get(page(), headers=token("viewer"))

    assert (found.status_code, "no report yet" in found.text) == (404, True)
    assert server.get(page("junit"), headers=token("viewer")).status_code == 404


def test_a_tab_on_every_run() -> None:
    """The tab's address is that of the page, with Airflow's places for the DAG and the run."""
    spec = importlib.util.spec_from_file_location("rallycross_plugin", CHECKOUT / "plugins/rallycross_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (view,) = module.RallycrossPlugin.external_views

    assert view["destination"] == "dag_run"
    assert view["href"].format(DAG_ID=DAG_ID, RUN_ID=quote(RUN_ID, safe="")) == page()
