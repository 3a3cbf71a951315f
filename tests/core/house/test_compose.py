"""docker-compose.yaml and the Dockerfile hold together with what `./rallycross up` does."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from rallycross.cli.airflow.secrets import Secrets
from rallycross.cli.airflow.settings import COMPONENTS, airflow_settings
from rallycross.settings import CHECKOUT

HOME = Path("/var/lib/rallycross/airflow")  # AIRFLOW_HOME in the image
AIRFLOW_SERVICES = {"airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"}

# Where a team's Airflow differs from one machine's, and why. All else must be the same, value for value.
DIFFERENT = {
    "AIRFLOW__CORE__EXECUTOR": "Celery instead of processes of the scheduler",
    "AIRFLOW__CORE__PARALLELISM": "bounded by the workers",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "workers reach the API server by its service name",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "PostgreSQL instead of SQLite",
    "AIRFLOW__API__HOST": "given on the command line of the service",
    "AIRFLOW__API__PORT": "given on the command line of the service",
    "AIRFLOW__API__BASE_URL": "depends on the published port",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "a component has a container of its own",
    "AIRFLOW__CORE__FERNET_KEY": "read from the shared volume by _CMD",
    "AIRFLOW__API__SECRET_KEY": "read from the shared volume by _CMD",
    "AIRFLOW__API_AUTH__JWT_SECRET": "read from the shared volume by _CMD",
}


@pytest.fixture(name="compose", scope="module")
def _compose() -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / "docker-compose.yaml").read_text())


@pytest.fixture(name="environment", scope="module")
def _environment(compose: dict[str, Any]) -> dict[str, str]:
    return compose["services"]["airflow-worker"]["environment"]


@pytest.fixture(name="ours", scope="module")
def _ours() -> dict[str, str]:
    secret = Secrets(password="p", fernet_key="f", jwt_secret="j", secret_key="s", supervisor="u")
    return airflow_settings(HOME, 8080, secret, checkout=Path("/opt/rallycross"))


def test_is_a_compose_file(compose: dict[str, Any]) -> None:
    """The file is valid by the JSON schema of the compose specification."""
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())

    jsonschema.validate(compose, schema)


def test_has_every_service(compose: dict[str, Any]) -> None:
    """Every component that `up` starts is a service, beside a worker, the two databases and the embedded cloud."""
    assert {f"airflow-{name.replace('api-server', 'apiserver')}" for name in COMPONENTS} == AIRFLOW_SERVICES
    assert (
        AIRFLOW_SERVICES | {"airflow-init", "airflow-worker", "embedded-cloud", "postgres", "redis"}
        == compose["services"].keys()
    )
    assert compose["services"]["embedded-cloud"]["profiles"] == ["embedded"]


def test_settings_are_those_of_up(environment: dict[str, str], ours: dict[str, str]) -> None:
    """Every setting of `up` has the same value in the compose file, but for those whose difference has a reason."""
    same = {name: value for name, value in ours.items() if name not in DIFFERENT}

    assert same == {name: environment.get(name) for name in same}


def test_every_difference_is_one(environment: dict[str, str], ours: dict[str, str]) -> None:
    """What is listed as different exists in `up` and does not have the same value in the compose file."""
    assert DIFFERENT.keys() <= ours.keys()
    assert {name: ours[name] for name in DIFFERENT if environment.get(name) == ours[name]} == {}


def test_all_components_share_one_environment(compose: dict[str, Any], environment: dict[str, str]) -> None:
    """All components have the same secrets and databases, without which they would refuse each other."""
    for name in (*AIRFLOW_SERVICES, "airflow-init", "embedded-cloud"):
        assert environment == compose["services"][name]["environment"], name


def test_secrets_are_read_from_files_that_init_makes(environment: dict[str, str], tmp_path: Path) -> None:
    """Each secret that a component reads from the volume is a file that `rallycross.cli.airflow.secrets` makes."""
    Secrets.kept(tmp_path)
    read = {value.removeprefix("cat ") for name, value in environment.items() if name.endswith("_CMD")} | {
        environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]
    }

    assert {HOME} == {Path(path).parent for path in read}
    assert {Path(path).name for path in read} <= {path.name for path in tmp_path.iterdir()}


def test_every_long_running_service_has_a_health_check(compose: dict[str, Any]) -> None:
    """Every service but the one that ends by itself has a health check and comes back when it dies."""
    for name, service in compose["services"].items():
        if name != "airflow-init":
            assert "healthcheck" in service, name
            assert service["restart"] == "unless-stopped", name


def test_only_loopback_is_published(compose: dict[str, Any]) -> None:
    """No port is published to the network of the machine: only the API server's, on loopback."""
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert {"airflow-apiserver"} == ports.keys()
    assert all(port.startswith("127.0.0.1:") for port in ports["airflow-apiserver"])


def test_health_is_asked_where_the_server_listens(compose: dict[str, Any]) -> None:
    """The API server's health check asks the port that its command opens, on the path that `up` polls."""
    service = compose["services"]["airflow-apiserver"]
    port = service["command"][service["command"].index("--port") + 1]

    assert f"http://localhost:{port}/api/v2/monitor/health" in service["healthcheck"]["test"][-1]
    assert service["ports"][0].endswith(f":{port}")


def test_dockerfile_installs_the_same_pins() -> None:
    """The image is a plain Python 3.12 with requirements.txt and every folder that Airflow reads."""
    text = (CHECKOUT / "Dockerfile").read_text()

    assert re.search(r"^FROM python:3\.12-slim$", text, re.MULTILINE)
    assert "pip install --no-cache-dir --requirement requirements.txt" in text
    for folder in ("dags", "operators", "hooks", "plugins", "include"):
        assert f"COPY {folder} {folder}" in text
