"""The page in Airflow's UI requires a sign-in, and shows the report of its run."""

import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from app_of_airflow import token
from ui_results import MadeResults, change, uuid_of

from hooks.results import store
from rallycross.deployment.step import StepEvent
from rallycross.results.reference import reference
from rallycross.settings import CHECKOUT

DAG_ID, RUN_ID = "cloud_lifecycle", "manual__2026-11-23T01:00:00+00:00"


def page(kind: str = "html") -> str:
    """Return the address of the run's report."""
    return f"/rallycross/dags/{DAG_ID}/runs/{quote(RUN_ID, safe='')}/report/{kind}"


def application() -> Any:
    """Return the plugin's application, as Airflow has mounted it."""
    from airflow.plugins_manager import get_fastapi_plugins  # noqa: PLC0415 - slow

    (found,) = [one["app"] for one in get_fastapi_plugins()[0] if one["url_prefix"] == "/rallycross"]
    return found


def addresses(value: str) -> list[tuple[str, str]]:
    """Return method and address of every route, with a value in each of its places."""
    routes = application().routes
    assert len(routes) > 10
    paths = [(route, re.sub(r"\{\w+\}", quote(value, safe=""), route.path)) for route in routes]
    return [(method, f"/rallycross{path}") for route, path in paths for method in sorted(route.methods)]


def run_page() -> str:
    """Return the address of the run's page."""
    return f"/rallycross/dags/{DAG_ID}/runs/{quote(RUN_ID, safe='')}"


def test_no_route_without_a_login(app: Any) -> None:
    """Every route of the plugin's application answers 401 without a sign-in."""
    for method, address in addresses("1"):
        assert app.request(method, address).status_code == 401, address


@pytest.mark.parametrize(
    "value",
    [
        "1",
        "4c1e8a52-0d3b-4f6e-9b7a-2f5d1c3e8a90",
        "../../etc/passwd",
        "a\0b",
        "x" * 4000,
        "<script>alert(1)</script>",
        "' OR 1=1; DROP TABLE tasks --",
        "\ud7ff\uffff",
    ],
)
@pytest.mark.usefixtures("home")
def test_no_address_is_an_error_of_the_server(app: Any, value: str) -> None:
    """Whatever stands in the places of a route, or in its parameters, the answer is a page or 4xx with a sentence."""
    names = ("cloud", "title", "tag", "verdict", "kind", "since", "until", "size", "after", "figure", "workload")
    for method, address in addresses(value):
        lists = address.count("/") == 2  # the others take no parameters
        for query in ({}, *({name: value} for name in (*names, "action", "depth", "pattern") if lists)):
            found = app.request(method, address, params=query, headers=token("admin"))
            assert found.status_code < 500, (address, query)
            assert "<script>alert" not in found.text
            if found.status_code == 400:
                assert " - " in found.text, (address, query, found.text)


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


def test_the_tab_shows_the_report_with_links_around_it(app: Any, home: Path) -> None:
    """The page of a run with a report is the report, with links to the other pages and to its downloads."""
    (home / "report.html").write_text('<body><nav aria-label="Sections"></nav>the report</body>')
    store().artifacts.add(reference(DAG_ID, RUN_ID, "deploy"), "html", str(home / "report.html"))

    found = app.get(run_page(), headers=token("viewer")).text
    of_task = app.get(f"{run_page()}/tasks/verify/report", headers=token("viewer"), follow_redirects=False)

    assert found.index('href="/rallycross/runs"') < found.index("<nav")
    assert f'href="{page("junit")}"' in found
    assert "the report" in found
    assert of_task.headers["location"] == f"{run_page()}#verification"


def test_a_run_of_the_command_line_has_a_page_and_reports(app: Any, home: Path) -> None:  # noqa: ARG001
    """A task that ran without Airflow is shown as its report, which is rendered for the request."""
    uuid = MadeResults(store()).task("made")

    found = app.get(f"/rallycross/runs/{uuid}", headers=token("viewer"))
    junit = app.get(f"/rallycross/runs/{uuid}/report/junit", headers=token("viewer"))

    assert found.status_code == 200
    assert "Quickstart" in found.text
    assert 'href="/rallycross/runs"' in found.text
    assert "<testsuites" in junit.text


def test_a_result_of_a_dag_run_leads_to_it(app: Any, home: Path) -> None:  # noqa: ARG001
    """The page of a task that an Airflow run stored is that run's, with all its stages."""
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 - not before the settings stand
    from airflow.utils.session import create_session  # noqa: PLC0415

    run_id = f"manual__{uuid4()}"
    began = datetime.now(UTC)
    with create_session() as session:
        session.add(DagRun("benchmark", run_id, run_type="manual", start_date=began, run_after=began, state="running"))
    task = MadeResults(store()).task("made", uuid=reference("benchmark", run_id, "benchmark"), at=began.timestamp())

    found = app.get(f"/rallycross/runs/{task}", headers=token("viewer"), follow_redirects=False)
    shown = app.get(found.headers["location"], headers=token("viewer"))
    trends = app.get("/rallycross/dags/benchmark/trends", headers=token("viewer")).text

    assert found.headers["location"] == f"/rallycross/dags/benchmark/runs/{run_id}"
    assert (shown.status_code, "data-follow" in shown.text) == (200, True)
    assert "Quickstart" in trends


@pytest.mark.usefixtures("home")
def test_who_may_read_one_dag_sees_its_pages_only(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose rights end at one DAG gets the pages of this DAG, and none that shows results of all."""
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - slow

    manager = type(get_auth_manager())
    allowed = manager.is_authorized_dag

    def of_one(self: Any, *, details: Any = None, **asked: Any) -> bool:
        return details is not None and details.id == "benchmark" and allowed(self, details=details, **asked)

    monkeypatch.setattr(manager, "is_authorized_dag", of_one)
    codes = {
        address: app.get(f"/rallycross{address}", headers=token("admin")).status_code
        for address in ("/", "/runs", "/leftovers", "/dags/benchmark/trends", "/dags/verify_cloud/trends")
    }
    assert codes == {
        "/": 403,
        "/runs": 403,
        "/leftovers": 403,
        "/dags/benchmark/trends": 200,
        "/dags/verify_cloud/trends": 403,
    }


def test_who_may_trigger_acknowledges_a_change(app: Any, home: Path) -> None:  # noqa: ARG001
    """A viewer is refused, a user is noted with the note, and a form of another site is refused."""
    made = MadeResults(store())
    made.task("first")
    store().changes.add([change("Quickstart", uuid_of("first"))])
    number = store().changes.latest()[0].id
    address, form = f"/rallycross/changes/{number}/acknowledge", "note=known"

    def send(role: str, **headers: str) -> Any:
        return app.post(address, content=form, headers={**token(role), **headers}, follow_redirects=False)

    assert send("viewer").status_code == 403
    assert send("user", **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert send("user", origin="http://elsewhere.example").status_code == 403
    assert store().changes.latest()[0].acknowledged_at is None
    assert send("user", origin="http://localhost").headers["location"].endswith("#changes")
    row = store().changes.latest()[0]
    assert (row.acknowledged_by, row.note) == ("someone", "known")
    assert app.post(address, content="a=b&" * 5000, headers=token("user")).status_code == 413
    assert "/acknowledge" not in app.get("/rallycross/trends", headers=token("viewer")).text


def test_pages_have_a_policy_without_foreign_scripts(app: Any, home: Path) -> None:  # noqa: ARG001
    """Each page's policy allows scripts by their hashes only, and no other site may frame it."""
    for address in ("/", "/runs", "/compare", "/trends", "/scenarios", "/leftovers", "/runs?size=x"):
        policy = app.get(f"/rallycross{address}", headers=token("viewer")).headers["content-security-policy"]
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "'unsafe-inline'" not in scripts
        assert all(one.startswith("'sha256-") for one in scripts.split()[1:])
        assert "frame-ancestors 'self'" in policy


def test_a_run_without_a_report_says_so(app: Any, home: Path) -> None:
    """Before the report is written, and after its file was deleted, the page has a sentence instead."""
    unknown = app.get(page(), headers=token("viewer"))
    assert (unknown.status_code, "Airflow does not have this run" in unknown.text) == (404, True)
    uuid = reference(DAG_ID, RUN_ID, "deploy")
    store().deployments.begin(uuid, cloud="toy", engine="toy", spec="", total_steps=0)
    store().deployments.end(uuid, status="finished")
    assert "no report yet" in app.get(page(), headers=token("viewer")).text
    store().artifacts.add(uuid, "html", str(home / "gone.html"))

    found = app.get(page(), headers=token("viewer"))

    assert (found.status_code, "no report yet" in found.text) == (200, True)
    assert app.get(page("junit"), headers=token("viewer")).status_code == 404


def test_a_run_of_a_dag_without_a_report_says_what_there_is(app: Any, home: Path) -> None:  # noqa: ARG001
    """For a DAG without a report the tab says so, and shows the steps of the deployment, escaped."""
    uuid = reference("deploy_cloud", "r", "deploy")
    address = "/rallycross/dags/deploy_cloud/runs/r/report/html"
    assert "have no report" in app.get(address, headers=token("viewer")).text

    store().deployments.begin(uuid, cloud="toy", engine="toy", spec="", total_steps=1)
    store().deployments.end(uuid, status="finished")
    assert "Nothing had to be done" in app.get(address, headers=token("viewer")).text
    store().deployments.begin(uuid, cloud="toy", engine="toy", spec="", total_steps=1)
    store().deployments.record_step(uuid, StepEvent("mark", "<b>Mark</b>", "done", 1.0, 0.5))
    found = app.get(address, headers=token("viewer")).text

    assert "Deployment of toy: running" in found
    assert "&lt;b&gt;Mark&lt;/b&gt;" in found
    assert "no report yet" not in found


@pytest.mark.usefixtures("home")
def test_tabs_and_an_entry_in_the_menu(app: Any) -> None:
    """The addresses of the menu and the tabs are those of pages, with Airflow's placeholders."""
    spec = importlib.util.spec_from_file_location("rallycross_plugin", CHECKOUT / "plugins/rallycross_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    views = {view["destination"]: view for view in module.RallycrossPlugin.external_views}

    assert views.keys() == {"nav", "dag", "dag_run", "task_instance"}
    assert views["dag_run"]["href"].format(DAG_ID=DAG_ID, RUN_ID=quote(RUN_ID, safe="")) == run_page()
    for view in views.values():
        address = view["href"].format(DAG_ID=DAG_ID, RUN_ID=quote(RUN_ID, safe=""), TASK_ID="benchmark")
        assert app.get(address, headers=token("viewer")).status_code in {200, 404}
