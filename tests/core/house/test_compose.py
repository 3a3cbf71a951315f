"""docker-compose.yaml and the Dockerfile hold together with what `./rallycross up` does."""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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


@pytest.fixture(name="text", scope="module")
def _text() -> str:
    return (CHECKOUT / "docker-compose.yaml").read_text()


@pytest.fixture(name="compose", scope="module")
def _compose(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)


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


def test_no_password_has_a_default(text: str, compose: dict[str, Any]) -> None:
    """Both databases ask for the password that their clients give; without one nothing starts, and it is said why."""
    wanted = re.findall(r"\$\{(\w*PASSWORD\w*)(:?.)([^}]*)\}", text)

    assert {(name, how) for name, how, _ in wanted} == {("POSTGRES_PASSWORD", ":?"), ("REDIS_PASSWORD", ":?")}
    assert {why for _, _, why in wanted} == {"write it into .env, see the first lines of docker-compose.yaml"}
    filled = yaml.safe_load(re.sub(r"\$\{(\w+):[?-][^}]*\}", r"<\1>", text))
    environment = filled["services"]["airflow-worker"]["environment"]
    urls = {name: urlsplit(value) for name, value in environment.items() if re.match(r"[a-z+0-9]+://", value)}
    passwords = {name: url.password for name, url in urls.items() if url.hostname in {"postgres", "redis"}}
    assert passwords == {
        "RALLYCROSS_RESULTS_URL": "<POSTGRES_PASSWORD>",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "<POSTGRES_PASSWORD>",
        "AIRFLOW__CELERY__RESULT_BACKEND": "<POSTGRES_PASSWORD>",
        "AIRFLOW__CELERY__BROKER_URL": "<REDIS_PASSWORD>",
    }
    assert filled["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"] == "<POSTGRES_PASSWORD>"
    broker = filled["services"]["redis"]
    assert broker["command"][1] in [config["target"] for config in broker["configs"] if config["source"] == "broker"]
    assert filled["configs"]["broker"]["content"] == "requirepass <REDIS_PASSWORD>"
    for service in compose["services"].values():
        assert "PASSWORD" not in json.dumps([service.get("command"), service.get("healthcheck")])


def test_passwords_are_made_as_the_file_says(text: str, tmp_path: Path) -> None:
    """The command in its first lines writes both into .env, at random, for the owner alone, fit for a URL."""
    (command,) = re.findall(r"^# +(\(umask .*\))$", text, re.MULTILINE)
    made = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        subprocess.run(["bash", "-euc", command], cwd=tmp_path / folder, check=True)
        file = tmp_path / folder / ".env"
        assert file.stat().st_mode & 0o077 == 0
        made.append(dict(line.split("=", 1) for line in file.read_text().splitlines()))

    assert made[0].keys() == {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    values = [value for one in made for value in one.values()]
    assert len(set(values)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in values)
    for file in (".gitignore", ".dockerignore"):
        assert ".env" in (CHECKOUT / file).read_text().split(), file


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
