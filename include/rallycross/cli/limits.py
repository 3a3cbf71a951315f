"""All paths and limits in force, and the setting that changes each, for `status` and `doctor`."""

import os

from rallycross.cli import machine
from rallycross.cli.airflow.server import ROOM
from rallycross.cli.airflow.settings import LIMITS, airflow_settings, given_limits
from rallycross.cli.airflow.this_server import airflow_server
from rallycross.settings import CHECKOUT, settings

_JANITOR = {"all": "what is left, by the ledger and by name", "ledger": "what the ledger has", "none": "nothing"}
_CODE = "include/rallycross/cli/machine.py"


def limits() -> list[tuple[str, str, str]]:
    """Return rows: name, value, and the setting (or file) that changes it."""
    paths, server = settings(), airflow_server()
    rows = [
        ("checkout", str(CHECKOUT), "where it was cloned to"),
        ("state", str(paths.home), "RALLYCROSS_HOME"),
        ("results database", _without_password(paths.results_url), "RALLYCROSS_RESULTS_URL"),
        ("results database: may be unreachable for", f"{paths.database_patience:g} s", "RALLYCROSS_DATABASE_PATIENCE"),
        ("results database: limit for an answer", f"{paths.database_limit:g} s", "RALLYCROSS_DATABASE_LIMIT"),
        ("PostgreSQL: limit for a connection", f"{paths.database_connect:g} s", "RALLYCROSS_DATABASE_CONNECT"),
        ("samples", str(paths.samples), "RALLYCROSS_SAMPLES"),
        ("reports", str(paths.reports), "RALLYCROSS_REPORTS"),
        (
            "who may read samples and reports",
            f"the group {paths.results_group}" if paths.results_group else "you",
            "RALLYCROSS_RESULTS_GROUP",
        ),
        ("scenarios of your own", ", ".join(map(str, paths.scenarios)) or "none", "RALLYCROSS_SCENARIOS"),
        ("clouds", str(paths.clouds), "RALLYCROSS_HOME"),
        ("clouds.yaml of all clouds", str(paths.clouds_yaml), "RALLYCROSS_HOME"),
        ("verifiers", str(paths.verifiers), "RALLYCROSS_HOME"),
        ("Airflow", str(server.folder), "RALLYCROSS_HOME"),
        ("to source before airflow commands", str(server.environment_file), "RALLYCROSS_HOME"),
        ("Airflow's ports on 127.0.0.1", _ports(server.ports), "RALLYCROSS_AIRFLOW_PORT"),
        ("Airflow's start: limit without progress", f"{paths.patience:g} s", "RALLYCROSS_PATIENCE"),
        ("Airflow's start: limit in any case", f"{paths.start_limit:g} s", "RALLYCROSS_START_LIMIT"),
        ("a task without a sign of life is dead after", f"{paths.dead_after:g} s", "RALLYCROSS_DEAD_AFTER"),
        ("the DAG janitor runs", paths.janitor_schedule or "by hand", "RALLYCROSS_JANITOR_SCHEDULE"),
        ("the DAG janitor may delete", _JANITOR[paths.delete_leftovers], "RALLYCROSS_DELETE_LEFTOVERS"),
        ("actions of one iteration", f"{paths.iteration_limit}", "RALLYCROSS_ITERATION_LIMIT"),
        ("different names of actions", f"{paths.action_names}", "RALLYCROSS_ACTION_NAMES"),
        ("disk Airflow needs to start", f"{ROOM / 1e6:.0f} MB", "include/rallycross/cli/airflow/server.py"),
        ("memory the embedded cloud needs", f"{machine.MEMORY / 1e9:.0f} GB", _CODE),
        ("disk the embedded cloud needs, first time", f"{machine.DISK / 1e9:.0f} GB", _CODE),
        ("disk the embedded cloud needs, later", f"{machine.DISK_AGAIN / 1e9:.0f} GB", _CODE),
    ]
    own = airflow_settings(server.folder, server.ports.get("api", 0), server.secrets)
    values = {**own, **given_limits(os.environ)}
    return rows + [(what, values[name], name) for name, what in LIMITS.items()]


def _ports(ports: dict[str, int]) -> str:
    return ", ".join(f"{name} {port}" for name, port in ports.items()) or "chosen at the first start"


def _without_password(url: str) -> str:
    from rallycross.results.database_errors import shown_url  # noqa: PLC0415 - slow to import, and needed here only

    return shown_url(url)
