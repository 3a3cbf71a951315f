"""The files of the clouds of a checkout, which any OpenStack client can read."""

import stat
from pathlib import Path

import yaml

from rallycross.cloud import registered
from rallycross.settings import Settings, settings


def paths(folder: Path) -> Settings:
    """Return settings that keep everything in a folder."""
    return settings({"RALLYCROSS_HOME": str(folder)})


def text(*names: str) -> str:
    """Return a clouds.yaml with entries of these names."""
    return yaml.safe_dump({"clouds": {name: {"auth": {"auth_url": f"http://{name}"}} for name in names}})


def entries(folder: Path) -> set[str]:
    """Return the names in the clouds.yaml of all clouds."""
    return set(yaml.safe_load(paths(folder).clouds_yaml.read_text())["clouds"])


def test_one_file_has_all_clouds(tmp_path: Path) -> None:
    """The joint clouds.yaml has all clouds' entries, and each cloud has a file of its own."""
    registered.keep(paths(tmp_path), "a", text("a", "a-demo"))
    own = registered.keep(paths(tmp_path), "b", text("b"))

    assert entries(tmp_path) == {"a", "a-demo", "b"}
    assert set(yaml.safe_load(own.read_text())["clouds"]) == {"b"}


def test_forgetting_takes_a_clouds_own_entries(tmp_path: Path) -> None:
    """Only the entries of the forgotten cloud are deleted, even if other names begin alike."""
    registered.keep(paths(tmp_path), "a", text("a", "a-demo"))
    registered.keep(paths(tmp_path), "a-2", text("a-2"))
    registered.keep_spec(paths(tmp_path), "a", "name: a\n")

    registered.forget(paths(tmp_path), "a")
    registered.forget(paths(tmp_path), "a")

    assert entries(tmp_path) == {"a-2"}
    assert registered.specs(paths(tmp_path)) == {}


def test_a_cloud_deployed_again_has_its_new_entries(tmp_path: Path) -> None:
    """A new deployment replaces the entries of a cloud."""
    registered.keep(paths(tmp_path), "a", text("a", "gone"))
    registered.keep(paths(tmp_path), "a", text("a"))

    assert entries(tmp_path) == {"a"}


def test_credentials_are_for_the_owner_alone(tmp_path: Path) -> None:
    """Every file is readable only by its owner."""
    registered.keep(paths(tmp_path), "a", text("a"))
    registered.keep_spec(paths(tmp_path), "a", "name: a\n")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_specs_are_found_by_name(tmp_path: Path) -> None:
    """The spec of a cloud is found as it was written, even if the deployment has only begun."""
    registered.keep_spec(paths(tmp_path), "begun", "name: begun\n")

    assert registered.specs(paths(tmp_path)) == {"begun": "name: begun\n"}
