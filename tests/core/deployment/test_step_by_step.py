"""A deployment whose steps are done one by one, each by whoever comes to it, on this machine."""

from contextlib import suppress
from pathlib import Path

import pytest
import toy_engine  # noqa: F401 - registers itself
import yaml

from rallycross import lifecycle
from rallycross.deployment import CloudSpec, load_spec
from rallycross.deployment.failure import StepFailed
from rallycross.results.store import Store
from rallycross.settings import Settings, settings

UUID = "00000000-0000-0000-0000-000000000002"


@pytest.fixture(name="paths")
def _paths(tmp_path: Path) -> Settings:
    return settings({"RALLYCROSS_HOME": str(tmp_path / "home")})


@pytest.fixture(name="store")
def _store(paths: Settings) -> Store:
    return Store.open(paths.results_url)


def a_spec(tmp_path: Path, **keys: str) -> CloudSpec:
    """Return the spec of a cloud that leaves its files in `tmp_path`."""
    return load_spec(yaml.safe_dump({"name": "toy", "engine": "toy", "folder": str(tmp_path), **keys}), file="toy.yaml")


def test_a_failure_stays_until_its_step_is_done_again(tmp_path: Path, store: Store, paths: Settings) -> None:
    """A step beside the failed one hides nothing; the failed one, done again, has the deployment run again."""
    spec, folder = a_spec(tmp_path, folder=str(tmp_path / "late")), tmp_path / "late"
    steps = lifecycle.begin(spec, store, paths, uuid=UUID, tell=lambda _: None)
    assert [one.name for one in steps] == ["mark", "install", "start"]

    def do(name: str) -> tuple[str, bool, int]:
        with suppress(StepFailed):
            lifecycle.run_step(spec, store, paths, uuid=UUID, name=name)
        row = store.deployments.get(UUID)
        assert row is not None
        return row.status, bool(row.error), row.total_steps

    assert do("mark") == ("failed", True, 3)
    (tmp_path / "late").mkdir()
    assert do("start") == ("failed", True, 3)
    assert do("mark") == ("running", False, 3)
    assert folder.joinpath("toy").read_text() == "made\n"

    assert do("install") == ("running", False, 3)
    lifecycle.finish(spec, store, paths, uuid=UUID, tell=lambda _: None)
    row = store.deployments.get(UUID)
    assert row is not None
    assert row.status == "finished"
    lifecycle.destroy(spec, store, paths, tell=lambda _: None)
