"""Airflow plugin: pages about clouds, runs and results in Airflow's menu, and tabs on DAGs, runs and tasks."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/rallycross"
# A course with a flag, as a data URL: an icon needs no route.
ICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='{colour}' "
    "stroke-width='2' stroke-linecap='round' stroke-linejoin='round'>"
    "<path d='M4 19c4 0 4-6 8-6s4 6 8 6M6 13V4l8 3-8 3'/></svg>"
)


class RallycrossPlugin(AirflowPlugin):
    """Adds the web application, an entry in the menu, and the tabs."""

    name = "rallycross"
    external_views = [  # noqa: RUF012 - Airflow's own attribute
        {
            "name": "Rallycross",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "rallycross",
            "nav_top_level": True,
            "icon": ICON.format(colour="%233f4651"),
            "icon_dark_mode": ICON.format(colour="%23d4d8de"),
        },
        {
            "name": "Trends",
            "href": f"{PREFIX}/dags/{{DAG_ID}}/trends",
            "destination": "dag",
            "url_route": "rallycross-trends",
        },
        {
            "name": "Report",
            "href": f"{PREFIX}/dags/{{DAG_ID}}/runs/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "rallycross-report",
        },
        {
            "name": "Report",
            "href": f"{PREFIX}/dags/{{DAG_ID}}/runs/{{RUN_ID}}/tasks/{{TASK_ID}}/report",
            "destination": "task_instance",
            "url_route": "rallycross-report-of-task",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web application, built only in the API server: every component imports the plugin, and it is slow."""
        from rallycross_app import make_app  # noqa: PLC0415

        return [{"app": make_app(), "url_prefix": PREFIX, "name": "Rallycross"}]
