"""Airflow plugin: the tab "Report" of a run shows the page that its stage `report` wrote."""

from functools import cached_property
from pathlib import Path
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/rallycross"


def make_app() -> Any:
    """Return the web application. Airflow mounts it without a check, so every route here requires a sign-in."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity  # noqa: PLC0415
    from airflow.api_fastapi.core_api.security import (  # noqa: PLC0415 - slow, and needed in the API server only
        requires_access_dag,
        requires_authenticated,
    )
    from fastapi import Depends, FastAPI, HTTPException  # noqa: PLC0415
    from fastapi.responses import FileResponse, HTMLResponse  # noqa: PLC0415

    # `dependencies` would not protect the documentation routes.
    app = FastAPI(
        title="Rallycross",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_authenticated())],
    )
    may_read_runs = [Depends(requires_access_dag("GET", DagAccessEntity.RUN))]

    @app.get("/dags/{dag_id}/runs/{run_id}/report/{kind}", dependencies=may_read_runs)
    def report(dag_id: str, run_id: str, kind: str) -> Any:
        path = find_report(dag_id, run_id, kind)
        if path is None and kind == "html":
            from rallycross.report.no_report import no_report_page  # noqa: PLC0415

            deployment = find_deployment(dag_id, run_id)
            return HTMLResponse(no_report_page(dag_id, deployment, written=writes_report(dag_id)), status_code=404)
        if path is None:
            raise HTTPException(404, f"the run has no {kind} report")
        return FileResponse(path, headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})

    return app


def find_report(dag_id: str, run_id: str, kind: str) -> Path | None:
    """Return the file of a run's report, if it was written and still exists."""
    from hooks.results import store  # noqa: PLC0415
    from rallycross.results.reference import STAGES, reference  # noqa: PLC0415

    for stage in STAGES:
        for artifact in store().artifacts.of(reference(dag_id, run_id, stage)):
            if artifact.kind == kind and Path(artifact.path).is_file():
                return Path(artifact.path)
    return None


def find_deployment(dag_id: str, run_id: str) -> Any:
    """Return the deployment of a run from the results database, if there is one."""
    from hooks.results import store  # noqa: PLC0415
    from rallycross.results.reference import reference  # noqa: PLC0415

    return store().deployments.get(reference(dag_id, run_id, "deploy"))


def writes_report(dag_id: str) -> bool:
    """Tell whether the runs of a DAG have a report at their end."""
    from airflow.models.serialized_dag import SerializedDagModel  # noqa: PLC0415

    dag = SerializedDagModel.get_dag(dag_id)
    return dag is None or any(task.task_type == "ReportOperator" for task in dag.tasks)


class RallycrossPlugin(AirflowPlugin):
    """Adds the web application and the tab on each run."""

    name = "rallycross"
    external_views = [  # noqa: RUF012 - Airflow's own attribute
        {
            "name": "Report",
            "href": f"{PREFIX}/dags/{{DAG_ID}}/runs/{{RUN_ID}}/report/html",
            "destination": "dag_run",
            "url_route": "rallycross-report",
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web application, built only in the API server: every component imports the plugin, and it is slow."""
        return [{"app": make_app(), "url_prefix": PREFIX, "name": "Rallycross"}]
