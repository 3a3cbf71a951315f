"""The web application of the pages: routes, rights, and answers to what cannot be done."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_authenticated
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from rallycross_dag_runs import dag_run, janitor_findings, latest_runs, run_of
from rallycross_rights import can_change, may_change, may_read, same_site
from starlette.exceptions import HTTPException as StarletteHTTPException

from hooks.results import store
from rallycross.errors import RallycrossError
from rallycross.report.files import rendered as rendered_report
from rallycross.results.database_errors import ResultsDatabaseError
from rallycross.results.reference import STAGES, reference
from rallycross.settings import settings
from rallycross.ui import parameters
from rallycross.ui.changes import acknowledge
from rallycross.ui.compare import compare_page
from rallycross.ui.leftovers import leftovers_page
from rallycross.ui.overview import overview_page
from rallycross.ui.page import Links, Page, problem_page
from rallycross.ui.run import KINDS, key_of, run_fragment, run_page, with_links
from rallycross.ui.runs import runs_page
from rallycross.ui.scenarios import scenario_page, scenarios_page
from rallycross.ui.trends import trends_page
from rallycross.views.live import RunKey, live_run

MOUNTED_AT = "/rallycross"
_LARGEST_FORM = 10_000  # bytes
_ANCHORS = {"deploy": "deployment", "verify": "verification", "benchmark": "benchmark", "judge": "benchmark"}
_MEDIA = {"html": "text/html; charset=utf-8", "junit": "application/xml", "json": "application/json"}


def make_app() -> FastAPI:
    """Return the application. Airflow mounts it without a check, so every route here requires a sign-in."""
    # `dependencies` would not protect the documentation routes.
    app = FastAPI(
        title="Rallycross",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_authenticated())],
    )
    app.add_exception_handler(RallycrossError, _refused)
    app.add_exception_handler(StarletteHTTPException, _refused)
    _add_lists(app)
    _add_runs(app)
    _add_dag_runs(app)
    return app


def links(request: Request) -> Links:
    """Return the links of the pages, wherever Airflow is mounted."""
    root = str(request.scope.get("root_path", "")).rstrip("/")
    return Links(root, root.removesuffix(MOUNTED_AT))


async def sent_form(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413, f"the form has more than {_LARGEST_FORM} bytes - send a shorter note")
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=10))
    except ValueError:
        raise HTTPException(400, "the form cannot be read - send it from the page Trends") from None


LinksDep = Annotated[Links, Depends(links)]
FormDep = Annotated[dict[str, str], Depends(sent_form)]


def _add_lists(app: FastAPI) -> None:
    reads = [Depends(may_read)]

    @app.get("/", dependencies=reads)
    def overview(to: LinksDep) -> Response:
        return _answer(overview_page(store(), to))

    @app.get("/runs", dependencies=reads)
    def runs(request: Request, to: LinksDep) -> Response:
        return _answer(runs_page(store(), to, request.query_params))

    @app.get("/compare", dependencies=reads)
    def compare(request: Request, to: LinksDep) -> Response:
        given = request.query_params
        runs, by = given.getlist("run"), given.get("by", "")
        return _answer(compare_page(store(), to, runs, by, samples=settings().samples))

    @app.get("/trends", dependencies=reads)
    def trends(request: Request, to: LinksDep, user: GetUserDep) -> Response:
        may_acknowledge = can_change(user)
        return _answer(trends_page(store(), to, request.query_params, may_acknowledge=may_acknowledge))

    @app.post("/changes/{number}/acknowledge", dependencies=[Depends(may_change), Depends(same_site)])
    def acknowledge_change(number: str, form: FormDep, to: LinksDep, user: GetUserDep) -> Response:
        change = acknowledge(store(), number, form, by=user.get_name())
        if change is None:
            raise HTTPException(404, f"there is no change {number} - choose one on the page Trends")
        title = store().runs.titles_of([change.first_task]).get(change.first_task, change.recipe)
        return RedirectResponse(to.to("trends", title=title, cloud=change.cloud) + "#changes", status_code=303)

    @app.get("/scenarios", dependencies=reads)
    def scenarios(request: Request, to: LinksDep) -> Response:
        return _answer(scenarios_page(to, request.query_params))

    @app.get("/scenarios/{name}", dependencies=reads)
    def scenario(name: str, to: LinksDep) -> Response:
        return _answer(scenario_page(to, name))

    @app.get("/leftovers", dependencies=reads)
    def leftovers(request: Request, to: LinksDep) -> Response:
        return _answer(leftovers_page(store(), to, request.query_params, findings=janitor_findings()))


def _add_runs(app: FastAPI) -> None:
    reads = [Depends(may_read)]

    @app.get("/runs/{uuid}", dependencies=reads)
    def run(uuid: str, to: LinksDep) -> Response:
        key = _key(uuid)
        uuid = parameters.uuid(uuid)
        found = live_run(store(), key, now=0.0)
        if found.started_at is not None and (of := run_of(uuid, found.started_at)):
            return RedirectResponse(to.to("dags", of[0], "runs", of[1]))
        if not found.running and not key.deployment:
            return _report(
                to, key, uuid, "html", (("Rallycross", to.to()), ("Runs", to.to("runs")), *_downloads(to, "runs", uuid))
            )
        return _answer(run_page(store(), to, key, follow=to.to("runs", uuid, "live")))

    @app.get("/runs/{uuid}/live", dependencies=reads)
    def live(uuid: str, to: LinksDep) -> Response:
        return _answer(run_fragment(store(), to, _key(uuid)))

    @app.get("/runs/{uuid}/report/{kind}", dependencies=reads)
    def report(uuid: str, kind: str, to: LinksDep) -> Response:
        key = _key(uuid)
        _require_kind(kind)
        if key.deployment:
            raise HTTPException(404, "a deployment has no report of its own - see the report of its run")
        return _report(to, key, parameters.uuid(uuid), kind)


def _add_dag_runs(app: FastAPI) -> None:
    reads = [Depends(requires_access_dag("GET", DagAccessEntity.RUN))]

    @app.get("/dags/{dag_id}/trends", dependencies=reads)
    def trends_of_dag(dag_id: str, request: Request, to: LinksDep) -> Response:
        dag_id = parameters.text({"DAG": dag_id}, "DAG")
        tasks = [reference(dag_id, run_id, "benchmark") for run_id in latest_runs(dag_id)]
        of = (dag_id, store().runs.recipes(tasks=tasks))
        return _answer(trends_page(store(), to, request.query_params, of=of))

    @app.get("/dags/{dag_id}/runs/{run_id}", dependencies=reads)
    def run_of_dag(dag_id: str, run_id: str, to: LinksDep) -> Response:
        key, found = _of_dag(dag_id, run_id)
        path = find_report(dag_id, run_id, "html")
        if path is not None and found.state not in {"queued", "running"}:
            around = (
                ("Rallycross", to.to()),
                ("Runs", to.to("runs")),
                ("The run in Airflow", to.to_dag_run(dag_id, run_id)),
                *_downloads(to, "dags", dag_id, "runs", run_id),
            )
            return _whole(path, to, around)
        return _answer(run_page(store(), to, key, follow=to.to("dags", dag_id, "runs", run_id, "live"), dag_run=found))

    @app.get("/dags/{dag_id}/runs/{run_id}/live", dependencies=reads)
    def live_of_dag(dag_id: str, run_id: str, to: LinksDep) -> Response:
        key, found = _of_dag(dag_id, run_id)
        return _answer(run_fragment(store(), to, key, dag_run=found))

    @app.get("/dags/{dag_id}/runs/{run_id}/report/{kind}", dependencies=reads)
    def report_of_dag(dag_id: str, run_id: str, kind: str, to: LinksDep) -> Response:
        _require_kind(kind)
        path = find_report(dag_id, run_id, kind)
        if path is None:
            if kind == "html":
                return RedirectResponse(to.to("dags", dag_id, "runs", run_id))
            raise HTTPException(404, f"the run has no {kind} report - it is written when the run ends")
        return _file(path, kind)

    @app.get("/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/report", dependencies=reads)
    def report_of_task(dag_id: str, run_id: str, task_id: str, to: LinksDep) -> Response:
        anchor = _ANCHORS.get(task_id, "")
        return RedirectResponse(to.to("dags", dag_id, "runs", run_id) + (f"#{anchor}" if anchor else ""))


def find_report(dag_id: str, run_id: str, kind: str) -> Path | None:
    """Return the file of a run's report, if it was written and still exists."""
    owners = (reference(dag_id, run_id, stage) for stage in STAGES)
    return next((path for owner in owners if (path := _written(owner, kind))), None)


def _written(owner: str, kind: str) -> Path | None:
    for artifact in store().artifacts.of(owner):
        if artifact.kind == kind and Path(artifact.path).is_file():
            return Path(artifact.path)
    return None


def _key(uuid: str) -> RunKey:
    key = key_of(store(), parameters.uuid(uuid))
    if key is None:
        raise HTTPException(404, f"there is no run {uuid} - it may have been deleted; choose one from the list of runs")
    return key


def _of_dag(dag_id: str, run_id: str) -> tuple[RunKey, Any]:
    names = {"DAG": dag_id, "run": run_id}
    dag_id, run_id = parameters.text(names, "DAG"), parameters.text(names, "run")
    return RunKey.of_dag_run(dag_id, run_id), dag_run(dag_id, run_id)


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        raise HTTPException(404, f"there is no such kind of report - use one of {', '.join(KINDS)}")


def _downloads(to: Links, *path: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{name} report", to.to(*path, "report", kind))
        for name, kind in (("HTML", "html"), ("JUnit", "junit"), ("JSON", "json"))
    )


def _report(
    to: Links, key: RunKey, uuid: str, kind: str, around: tuple[tuple[str, str], ...] | None = None
) -> Response:
    """Return a report that was written, or else write it; with links around it if it is to be shown."""
    if path := _written(uuid, kind):
        return _file(path, kind) if around is None else _whole(path, to, around)
    text = rendered_report(store(), kind, verification=key.verification, task=key.task, samples=settings().samples)
    if around is not None:
        text = with_links(text.decode(), to, around).encode()
    return Response(text, headers=Page("").headers, media_type=_MEDIA[kind])


def _whole(path: Path, to: Links, around: tuple[tuple[str, str], ...]) -> Response:
    return HTMLResponse(with_links(path.read_text(encoding="utf-8"), to, around), headers=Page("").headers)


def _file(path: Path, kind: str) -> Response:
    return FileResponse(path, headers=Page("").headers, media_type=_MEDIA[kind])


def _answer(page: Page) -> Response:
    return HTMLResponse(page.html, page.status, page.headers)


async def _refused(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 400)
    if isinstance(error, ResultsDatabaseError):
        status = 503
    what = getattr(error, "detail", None) or str(error)
    return _answer(problem_page(links(request), status, str(what)))
