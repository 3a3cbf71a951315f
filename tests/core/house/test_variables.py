"""Programs that are started for a user do not see secrets of an Airflow worker."""

import threading
from pathlib import Path

import pytest

from rallycross import uv
from rallycross.deployment.local_host import LocalHost
from rallycross.load_hooks.action import ACTIONS, Firing
from rallycross.load_hooks.target import HookTarget
from rallycross.verification.verifier import basic_environment

CANARY = "hunter2-hunter2"
SECRETS = (
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW_CONN_CLOUD",
    "RALLYCROSS_RESULTS_URL",
    "OS_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
)


@pytest.fixture(name="worker", autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the variables of a worker."""
    for name in SECRETS:
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("LC_MESSAGES", "C")


def said_by_hook(given: object, target: HookTarget) -> str:
    """Return what a program says that a hook runs."""
    firing = Firing(target, "time", 1, threading.Event(), threading.Event())
    ACTIONS["sys_call"].act(given, firing)
    assert firing.error is None
    return str(firing.output)


@pytest.fixture(name="target")
def _target(sqlite_store: object) -> HookTarget:
    return HookTarget("c", "w", sqlite_store)  # type: ignore[arg-type]


def test_a_hook_sees_little(target: HookTarget) -> None:
    """A program of a hook gets PATH, HOME and the language, and no secret."""
    said = said_by_hook("/usr/bin/env", target)

    assert CANARY not in said
    assert all(f"{name}=" in said for name in ("PATH", "HOME", "LC_MESSAGES"))


def test_a_hook_sees_what_its_task_says(target: HookTarget) -> None:
    """A program of a hook gets the variables in the task file, also numbers."""
    said = said_by_hook({"command": "/usr/bin/env", "environment": {"REGION": "west", "SIZE": 3}}, target)

    assert "REGION=west" in said
    assert "SIZE=3" in said


def test_a_hook_sees_what_the_settings_name(target: HookTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in RALLYCROSS_PASS_VARIABLES is passed on."""
    monkeypatch.setenv("SITE_TOKEN", "of the site")
    monkeypatch.setenv("RALLYCROSS_PASS_VARIABLES", "OTHER, SITE_*")

    assert "SITE_TOKEN=of the site" in said_by_hook("/usr/bin/env", target)


@pytest.mark.parametrize("given", [{"environment": {}}, {"command": ""}, {"command": "x", "environment": {"a": []}}, 7])
def test_a_hook_that_makes_no_sense_is_told(given: object) -> None:
    """A hook without a command, or with variables that are not texts, is an error in the file."""
    assert list(ACTIONS["sys_call"].validate(given))


def test_a_step_of_a_deployment_sees_little() -> None:
    """A script of a cloud spec on this machine does not see the worker's secrets."""
    said = LocalHost().run("env").out

    assert CANARY not in said
    assert "PATH=" in said


def test_what_installs_a_verifier_sees_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the installer nor the tests of a verifier see the worker's secrets."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    for environment in (uv.environment(), basic_environment(Path("/home"))):
        assert CANARY not in str(environment)
        assert environment["HTTPS_PROXY"]
