"""The whole journey: deploy a cloud, verify it, benchmark it, and report.

Without options: the embedded cloud, the quick verification, and the quickstart recipe. An existing cloud is used again,
so a second demo starts its benchmark almost at once. Exit codes: 0 passed; 1 the benchmark or the verification failed,
or the load was INVALID; 2 it could not run. Ctrl-C stops the run: what it measured is judged and reported. A second
Ctrl-C stops following the run.
"""

import argparse
import json
import os
import time
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from rallycross import inputs
from rallycross.cli import machine
from rallycross.cli.airflow.server import DAG
from rallycross.cli.airflow.this_server import airflow_server, login
from rallycross.cli.airflow_run import AirflowRun
from rallycross.cli.commands.up import start
from rallycross.cli.console import console, note, progress
from rallycross.cli.display import display, follow
from rallycross.cli.file_arguments import resolved_argument
from rallycross.cli.parser import AT_A_TIME
from rallycross.cli.run_outcome import exit_code, print_outcome
from rallycross.errors import Complaint, InvalidInput, RallycrossError
from rallycross.permissions import grant
from rallycross.results.reference import reference
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT, settings
from rallycross.verification import SETS


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--cloud-spec", default="include/clouds/embedded.yaml", metavar="FILE", help="the cloud (default: %(default)s)")
    add("--task", default="include/recipes/quickstart.yaml", metavar="FILE", help="the load (default: %(default)s)")
    add("--task-args", default="{}", metavar="JSON", help="values for the task file's template, as a JSON object")
    add("--verification", default="quick", choices=[*SETS, "none"], help="the tests to run (default: %(default)s)")
    add(
        "--concurrency",
        default=2,
        type=AT_A_TIME,
        metavar="N",
        help="tests at a time (default: %(default)s)",
    )
    add("--destroy", action="store_true", help="destroy the cloud after the run")


def run(options: argparse.Namespace) -> int:
    """Check all inputs, start Airflow, trigger the run, follow it, and print its outcome."""
    began = time.monotonic()
    conf = checked(options)
    server = airflow_server()
    times = {"set-up": float(os.environ.get("RALLYCROSS_SETUP_SECONDS", "0"))}
    start(server)
    times["Airflow"] = time.monotonic() - began
    api, run_id = server.api(), f"demo_{datetime.now(UTC):%Y-%m-%dT%H.%M.%S}_{token_hex(2)}"
    grant(settings(), reference(DAG, run_id, "deploy"), [conf["cloud_spec"], conf["task_file"]])
    api.post(f"/dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})
    followed = AirflowRun(api, Store.open(), DAG, run_id)
    note(f"run {run_id}: {followed.url}", began)
    try:
        with display(progress) as shown:
            view = follow(followed, shown)
    except KeyboardInterrupt:
        console.print(f"no longer following the run, which continues: {followed.url}\n  {login(server)}")
        return 130
    print_outcome(console, followed, view, times, server)
    return exit_code(followed, view)


def checked(options: argparse.Namespace) -> dict[str, Any]:
    """Return the run's configuration; raise `InvalidInput` with all complaints about all files at once."""
    complaints: list[Complaint] = []
    spec, arguments = None, dict[str, Any]()
    cloud_spec, task_file = resolved_argument(options.cloud_spec), resolved_argument(options.task)
    try:
        arguments = _arguments(options.task_args)
    except InvalidInput as error:
        complaints += error.complaints
    try:
        spec = inputs.check(cloud_spec, task_file, arguments)
    except InvalidInput as error:
        complaints += error.complaints
    if complaints:
        raise InvalidInput(complaints)
    if spec is not None and spec.engine == "embedded" and (missing := machine.complaints(machine.look(CHECKOUT))):
        raise RallycrossError("\n  ".join(missing))
    return {
        "cloud_spec": cloud_spec,
        "task_file": task_file,
        "task_args": arguments,
        "verification": options.verification,
        "verification_concurrency": options.concurrency,
        "keep": not options.destroy,
    }


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            [Complaint("--task-args", 0, 0, "", f"not JSON: {error}", "such as '{\"times\": 10}'")]
        ) from error
    if not isinstance(found, dict):
        raise InvalidInput([Complaint("--task-args", 0, 0, "", "not a JSON object", "such as '{\"times\": 10}'")])
    return found
