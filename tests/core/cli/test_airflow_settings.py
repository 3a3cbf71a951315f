"""Airflow's settings, and the environment of its components."""

import base64
import json
import stat
from pathlib import Path

import pytest

from rallycross.cli.airflow.secrets import Secrets
from rallycross.cli.airflow.settings import (
    LIMITS,
    MARK,
    airflow_settings,
    component_environment,
    core_settings,
    given_limits,
)
from rallycross.errors import RallycrossError
from rallycross.settings import settings

SECRET = Secrets(password="p", fernet_key="f", jwt_secret="j", secret_key="s", supervisor="u")
HOME = Path("/some/where")


def test_everything_binds_loopback() -> None:
    """Every address in the settings is one of loopback."""
    values = airflow_settings(HOME, 8480, SECRET)

    assert values["AIRFLOW__API__HOST"] == "127.0.0.1"
    urls = [value for value in values.values() if value.startswith("http")]
    assert urls
    assert all(url.startswith("http://127.0.0.1:8480") for url in urls)


def test_state_is_in_the_home() -> None:
    """The database, the logs and the passwords are in the folder that was given."""
    values = airflow_settings(HOME, 1, SECRET)

    assert values["AIRFLOW_HOME"] == str(HOME)
    assert values["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{HOME}/airflow.db"
    assert values["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] == f"{HOME}/passwords.json"


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_as_the_environment_gives_it(name: str) -> None:
    """A whole number is taken, under Airflow's own name; anything else is refused, and other settings stay."""
    assert name in airflow_settings(HOME, 1, SECRET)
    assert given_limits({name: "7", "AIRFLOW__CORE__EXECUTOR": "Other"}) == {name: "7"}
    assert given_limits({name: ""}) == {}
    fraction = name == "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME"
    for wrong in ("0", "-1", "soon", "²", "nan", "9" * 10, "9" * 400, "0.0" if fraction else "1.5"):
        kind = "number" if fraction else "whole number"
        with pytest.raises(RallycrossError, match=f"{name}: must be a {kind} above 0, at most 1e.09, not '{wrong}'"):
            given_limits({name: wrong})


def test_components_do_not_inherit_what_leads_astray() -> None:
    """Python's and OpenStack's variables, and another Airflow's settings, are dropped; handed-in connections stay."""
    base = {
        "PATH": "/bin",
        "PYTHONPATH": "/x",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OS_PASSWORD": "x",
        "AIRFLOW_HOME": "/other",
        "AIRFLOW__CORE__EXECUTOR": "Other",
        "AIRFLOW_CONN_CLOUD": "{}",
        "HTTPS_PROXY": "http://proxy",
    }

    found = component_environment(base, HOME, {"AIRFLOW_HOME": str(HOME)})

    assert found == {
        "PATH": "/bin",
        "AIRFLOW_CONN_CLOUD": "{}",
        "HTTPS_PROXY": "http://proxy",
        "AIRFLOW_HOME": str(HOME),
        MARK: str(HOME),
        "SPT_NOENV": "1",
        "PYTHONUNBUFFERED": "1",
    }


def test_paths_mean_the_same_in_every_folder(tmp_path: Path) -> None:
    """With the components' variables, `settings()` has the same paths as on the command line, in any folder."""
    paths = settings({"RALLYCROSS_HOME": str(tmp_path), "RALLYCROSS_REPORTS": "relative"})

    assert paths.reports.is_absolute()
    assert settings(core_settings(paths)) == paths


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """Secrets are the same when read again; another folder has others."""
    first = Secrets.kept(tmp_path / "one")

    assert Secrets.kept(tmp_path / "one") == first
    assert Secrets.kept(tmp_path / "two").password != first.password


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    """No file of secrets can be read by anyone else."""
    Secrets.kept(tmp_path)

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_secrets_have_the_form_that_airflow_wants(tmp_path: Path) -> None:
    """The Fernet key is 32 bytes of base64, the JWT secret has 64 bytes or more, and the password is in its file."""
    secret = Secrets.kept(tmp_path)

    assert len(base64.urlsafe_b64decode(secret.fernet_key)) == 32
    assert len(secret.jwt_secret) >= 64
    assert json.loads((tmp_path / "passwords.json").read_text()) == {"admin": secret.password}
