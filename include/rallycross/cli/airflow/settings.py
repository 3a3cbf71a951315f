"""Airflow's settings, in one place: what `up` runs with, and what docker-compose.yaml is held against."""

from collections.abc import Mapping
from pathlib import Path

from rallycross.cli.airflow.secrets import USER, Secrets
from rallycross.errors import RallycrossError
from rallycross.settings import CHECKOUT, Settings

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
# Marks every process of one checkout's Airflow, so that `down` can find those that have lost their parent.
MARK = "AIRFLOW_RALLYCROSS_HOME"
# Those of Airflow's settings that bound or pace a run, and what they mean: the environment may give others.
LIMITS = {
    "AIRFLOW__CORE__PARALLELISM": "tasks at a time",
    "AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME": "seconds a stopped task gets",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "seconds until a dead scheduler is missed",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "seconds until a dead worker is missed",
}


def airflow_settings(home: Path, port: int, secret: Secrets, *, checkout: Path = CHECKOUT) -> dict[str, str]:
    """Return the environment of all of Airflow's components: state in `home`, the API server on `port` of loopback."""
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(checkout / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(checkout / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        # A new DAG would be paused, and a triggered run of it queued for ever.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # The time a stopped task gets to end its load and to say what it measured.
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
        # Left to its default it would be a folder of /tmp that whoever comes first can have.
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        # For machines that have other work: a worker would wait 5 s for the API server's answer and then give its task
        # up, and a DAG would be given up after 30 s of reading.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
        # Stages follow each other within 0.2 s instead of 1 s.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        # A scheduler or a worker that was killed is missed within three minutes instead of five: not sooner, for an API
        # server that is started anew on a busy machine keeps all heartbeats away for two.
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "180",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        # A stage outlives a restart of the API server, which takes a minute on half a core: what it asks, or tells at
        # its end, it says again for three minutes or so, instead of a quarter of one.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "60",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "6",
    }


def given_limits(env: Mapping[str, str]) -> dict[str, str]:
    """Return those of `LIMITS` that the environment gives. Raises `RallycrossError` for what is no number of them."""
    found = {name: env[name] for name in LIMITS if env.get(name)}
    for name, value in found.items():
        if not (value.isascii() and value.isdecimal() and int(value) > 0):
            raise RallycrossError(f"{name}: must be a whole number above 0, not {value!r} - mend it")
    return found


def core_settings(paths: Settings) -> dict[str, str]:
    """Return the environment in which `settings()` gives these paths, whatever the current folder is."""
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
    """Return what the components run in: the user's environment, without what would lead Airflow or Python astray."""
    kept = {
        name: value
        for name, value in base.items()
        # AIRFLOW_CONN_* and AIRFLOW_VAR_* are the user's way to hand in connections: they stay.
        if not name.startswith(("AIRFLOW__", "OS_", "PYTHON")) and name not in {"AIRFLOW_HOME", MARK}
    }
    # setproctitle would overwrite /proc/PID/environ, where `down` looks for the mark.
    return {**kept, **settings, MARK: str(home), "SPT_NOENV": "1", "PYTHONUNBUFFERED": "1"}
