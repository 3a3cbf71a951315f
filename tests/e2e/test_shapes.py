"""The quickstart and tempest pass, unmodified, on a real cloud whatever its catalog and its addresses look like."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import quickstart_said
import yaml
from federated_cloud import federated
from shaped_cloud import Shape, ShapedCloud

from rallycross.cloud.cloud import Cloud
from rallycross.settings import CHECKOUT, Settings

pytestmark = pytest.mark.e2e

ALL = Shape(
    tls=True,
    only_internal=True,
    types={"block-storage": "volumev3"},
    identity="/v2.0",
    second_region="Elsewhere",
)
APART = {
    "TLS": Shape(tls=True),
    "internal endpoints": Shape(only_internal=True),
    "volumev3": Shape(types={"block-storage": "volumev3"}),
    "identity of version 2": Shape(identity="/v2.0"),
    "two regions": Shape(second_region="Elsewhere"),
}


def _command(paths: Settings, *arguments: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run a command of ours."""
    done = subprocess.run(
        [sys.executable, "-m", "rallycross.cli", *arguments],
        env={**os.environ, "RALLYCROSS_HOME": str(paths.home)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done


def _create(paths: Settings, folder: Path, name: str, entry: dict[str, Any]) -> None:
    """Have a cloud known by an entry of a clouds.yaml."""
    (folder / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {name: entry}}))
    (folder / "spec.yaml").write_text(f"name: {name}\nengine: existing\nclouds_yaml: {folder}/clouds.yaml\n")
    _command(paths, "cloud", "create", str(folder / "spec.yaml"))


def _passes(paths: Settings, folder: Path, name: str, entry: dict[str, Any]) -> None:
    """Sign in to a cloud, look at it, put load on it and verify it, by the commands that a user has."""
    _create(paths, folder, name, entry)
    try:
        assert "6 services run" in _command(paths, "cloud", "check", name).stdout
        run = _command(paths, "run", "include/recipes/quickstart.yaml", "--cloud", name, codes=(0, 1))
        quickstart_said.passed(run.stdout, run.returncode)
        assert "28 passed" in _command(paths, "verify", "run", name, "--set", "quick").stdout
    finally:
        _command(paths, "cloud", "destroy", name)


def test_a_cloud_of_many_peculiarities(embedded_cloud: Cloud, paths: Settings, tmp_path: Path) -> None:
    """An own authority, a path for each service, internal endpoints, old names and two regions are no obstacle."""
    with ShapedCloud(embedded_cloud, ALL, tmp_path) as shaped:
        _passes(paths, tmp_path, "shape-all", shaped.entry)


@pytest.mark.full
@pytest.mark.parametrize("name", APART)
def test_each_peculiarity(embedded_cloud: Cloud, paths: Settings, tmp_path: Path, name: str) -> None:
    """Each of them alone is none either."""
    with ShapedCloud(embedded_cloud, APART[name], tmp_path) as shaped:
        _passes(paths, tmp_path, "shape-" + name.lower().replace(" ", "-"), shaped.entry)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["v3applicationcredential", "v3token"])
def test_each_way_to_sign_in(embedded_cloud: Cloud, paths: Settings, tmp_path: Path, kind: str) -> None:
    """An application credential, or a token, does what the administrator's password does."""
    identity = embedded_cloud.connect().identity
    user = embedded_cloud.connect().current_user_id
    url = embedded_cloud.config["auth"]["auth_url"]
    beside = {key: value for key, value in embedded_cloud.config.items() if key not in {"auth", "auth_type"}}
    if kind == "v3token":
        access = embedded_cloud.connect()
        auth = {"auth_url": url, "token": access.auth_token, "project_id": access.current_project_id}
        _passes(paths, tmp_path, "by-token", {**beside, "auth_type": kind, "auth": auth})
        return
    made = identity.create_application_credential(user, "shapes", unrestricted=True)
    try:
        auth = {"auth_url": url, "application_credential_id": made.id, "application_credential_secret": made.secret}
        _passes(paths, tmp_path, "by-credential", {**beside, "auth_type": kind, "auth": auth})
    finally:
        identity.delete_application_credential(user, made)


@pytest.mark.full
def test_an_identity_provider(embedded_cloud: Cloud, paths: Settings, tmp_path: Path) -> None:
    """Whoever signs in by OpenID Connect does what the administrator does, whatever grant gave the access token."""
    with federated(embedded_cloud, tmp_path) as proxy:
        for kind in ("v3oidcaccesstoken", "v3oidcclientcredentials"):
            _create(paths, tmp_path, f"by-{kind}", proxy.entry_of(kind))
            assert "6 services run" in _command(paths, "cloud", "check", f"by-{kind}").stdout
            _command(paths, "cloud", "destroy", f"by-{kind}")
        _passes(paths, tmp_path, "by-provider", proxy.entry_of("v3oidcpassword"))
