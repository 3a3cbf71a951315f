"""One run of the DAG `benchmark` to which everything secret is given, in an Airflow of its own; what its API answers.

Started as a program: what Airflow is told by its environment has to stand before it is imported. The last line that it
prints is JSON: the run's state, and each answer by its address and who has asked.
"""

import json
import os
import sys
from typing import Any
from urllib.parse import quote

from airflow.api_fastapi.app import create_app
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.connection import Connection
from airflow.models.variable import Variable
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from app_of_airflow import token
from fastapi.testclient import TestClient


def main() -> None:
    """Run, ask, print."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    state, run_id = run(given)
    print(json.dumps({"state": state, "answers": answers(run_id)}))  # noqa: T201 - what it is for


def run(given: dict[str, Any]) -> tuple[str, str]:
    """Carry out the DAG in this process; return how it ended, and its id."""
    initdb()
    with create_session() as session:
        session.add(Connection(**given["connection"]))
    for name, value in given["variables"].items():
        Variable.set(name, value)
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    sync_bag_to_db(bag, "dags-folder", None)
    ran = bag.dags["benchmark"].test(run_conf=given["conf"])
    return str(ran.state), str(ran.run_id)


def answers(run_id: str) -> dict[str, str]:
    """Return what the API answers to those who may look."""
    found = {}
    with TestClient(create_app(apps="all"), base_url="http://localhost", raise_server_exceptions=False) as client:
        for role in ("viewer", "admin"):
            for address in addresses(quote(run_id, safe="")):
                answer = client.get(address, headers=token(role))
                found[f"{role} {address}"] = f"{answer.status_code} {_without_conf(answer.text)}"
    return found


def addresses(run_id: str) -> list[str]:
    """Return what is asked for: of the run, of its tasks, and of what is kept for all."""
    ours = f"/api/v2/dags/benchmark/dagRuns/{run_id}"
    tasks = [f"{ours}/taskInstances/{task}" for task in ("benchmark", "judge", "clean", "report", "verdict")]
    return [
        *(
            "/api/v2/connections",
            "/api/v2/connections/testcloud",
            "/api/v2/variables",
            "/api/v2/variables/the_password",
        ),
        *("/api/v2/dags/benchmark/details", "/api/v2/dags/benchmark/dagRuns", "/api/v2/eventLogs", ours),
        *(f"{ours}/taskInstances", *tasks, *(f"{task}/xcomEntries" for task in tasks)),
        *(f"{task}/xcomEntries/{key}" for task in tasks for key in ("return_value", "problem")),
        *(f"/rallycross/dags/benchmark/runs/{run_id}/report/{kind}" for kind in ("html", "json", "junit")),
        *(f"/rallycross/dags/benchmark/{page}" for page in ("trends", f"runs/{run_id}", f"runs/{run_id}/live")),
        *(f"/rallycross/{page}" for page in ("", "runs", "trends", "leftovers")),
    ]


def _without_conf(text: str) -> str:
    """Return an answer without the configuration of runs: Airflow shows it as it was typed, as the docs say."""
    try:
        data = json.loads(text)
    except ValueError:
        return text
    for one in [data, *data.get("dag_runs", ())] if isinstance(data, dict) else ():
        one.pop("conf", None)
    return json.dumps(data)


if __name__ == "__main__":
    main()
