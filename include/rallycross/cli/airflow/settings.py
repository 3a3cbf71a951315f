"""Airflow's settings for `up`; a test compares docker-compose.yaml with them."""

import re
from collections.abc import Mapping
from pathlib import Path

from rallycross.cli.airflow.secrets import USER, Secrets
from rallycross.errors import RallycrossError
from rallycross.settings import CHECKOUT, Settings

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
# Set in every process of this checkout's Airflow, so that `down` finds orphaned ones.
MARK = "AIRFLOW_RALLYCROSS_HOME"
# Airflow's settings that limit or pace a run, with their meanings; the environment may override them.
LIMITS = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "seconds between an idle scheduler's looks for work",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "seconds until a DAG file is read again",
    "AIRFLOW__CORE__PARALLELISM": "tasks at a time",
    "AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME": "seconds a stopped task has to end",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "seconds until a dead scheduler is noticed",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "seconds until a dead worker is noticed",
}
_FRACTIONS = frozenset({"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME"})  # the other limits are whole numbers
_NUMBER, _WHOLE_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?"), re.compile(r"[0-9]+")
_MOST = 1e9


def airflow_settings(home: Path, port: int, secret: Secrets, *, checkout: Path = CHECKOUT) -> dict[str, str]:
    """Return the settings of all Airflow components: state in `home`, the API server on loopback at `port`."""
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(checkout / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(checkout / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        # Otherwise a new DAG would be paused, and its runs queued for ever.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # Seconds for a stopped task to end its load and to store what it measured.
        "AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME": "30",
        "AIRFLOW__CORE__FERNET_KEY": secret.fernet_key,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__INSTANCE_NAME": "Rallycross",
        "AIRFLOW__API__SECRET_KEY": secret.secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret.jwt_secret,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        # The DAG files of a checkout seldom change; reading all of them every 30 s took 3 % of a core from the load.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
        # The default is a folder in /tmp, which another user could create first.
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        # For busy machines: by default, a worker gives up its task after 5 s without an answer from the API server, and
        # reading a DAG is given up after 30 s.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
        # Stages follow each other within 0.2 s, not 1 s.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        # A killed scheduler or worker is noticed within three minutes, not five. Sooner would be wrong: while an API
        # server restarts on a busy machine, no heartbeat arrives for two minutes.
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "180",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        # A stage survives a restart of the API server, which takes a minute on half a core: its requests are retried
        # for about three minutes, not a quarter of one.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "60",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "6",
    }


def given_limits(env: Mapping[str, str]) -> dict[str, str]:
    """Return the `LIMITS` that the environment overrides. Raise `RallycrossError` for an invalid number."""
    found = {name: env[name] for name in LIMITS if env.get(name)}
    for name, value in found.items():
        kind, form = ("number", _NUMBER) if name in _FRACTIONS else ("whole number", _WHOLE_NUMBER)
        if not (form.fullmatch(value) and 0 < float(value) <= _MOST):
            raise RallycrossError(f"{name}: must be a {kind} above 0, at most {_MOST:g}, not {value!r} - correct it")
    return found


def core_settings(paths: Settings) -> dict[str, str]:
    """Return the variables with which `settings()` returns these paths from any folder."""
    return {
        "RALLYCROSS_HOME": str(paths.home),
        "RALLYCROSS_RESULTS_URL": paths.results_url,
        "RALLYCROSS_SAMPLES": str(paths.samples),
        "RALLYCROSS_REPORTS": str(paths.reports),
        "RALLYCROSS_DATABASE_PATIENCE": f"{paths.database_patience:g}",
        "RALLYCROSS_DATABASE_CONNECT": f"{paths.database_connect:g}",
        "RALLYCROSS_END_GRACE": f"{paths.end_grace:g}",
        "RALLYCROSS_DATABASE_LIMIT": f"{paths.database_limit:g}",
        "RALLYCROSS_RESULTS_GROUP": paths.results_group,
    }


def component_environment(base: dict[str, str], home: Path, settings: dict[str, str]) -> dict[str, str]:
    """Return the components' environment: the user's, without variables that would interfere with Airflow or Python."""
    kept = {
        name: value
        for name, value in base.items()
        # AIRFLOW_CONN_* and AIRFLOW_VAR_* stay: they define the user's connections and variables.
        if not name.startswith(("AIRFLOW__", "OS_", "PYTHON")) and name not in {"AIRFLOW_HOME", MARK}
    }
    # setproctitle would overwrite /proc/PID/environ, where `down` looks for the mark.
    return {**kept, **settings, MARK: str(home), "SPT_NOENV": "1", "PYTHONUNBUFFERED": "1"}
