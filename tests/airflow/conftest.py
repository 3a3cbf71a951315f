"""An Airflow for the tests: its settings must exist before Airflow is imported."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rallycross.settings import CHECKOUT

_HOME = tempfile.TemporaryDirectory(prefix="rallycross-airflow-tests-")
os.environ.update(
    {
        "AIRFLOW_HOME": _HOME.name,
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",  # as it is with ./rallycross up
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests, long enough for the signature: " + "x" * 32,
        "RALLYCROSS_HOME": f"{_HOME.name}/rallycross",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that start an Airflow of their own: they take the longest, and none is to be begun last."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(name="airflow_db", scope="session")
def _airflow_db() -> None:
    """Make Airflow's database."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - not before the settings stand

    initdb()


@pytest.fixture(name="dag_bag", scope="session")
def _dag_bag(airflow_db: None) -> Any:  # noqa: ARG001 - has to be there
    """Import the project's DAGs."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - not before the settings stand

    return DagBag(str(CHECKOUT / "dags"))


@pytest.fixture(name="app", scope="session")
def _app(airflow_db: None) -> Iterator[Any]:  # noqa: ARG001 - has to be there
    """Run the API server's whole application in this process, with the DAGs, and the plugin as Airflow mounts it."""
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 - slow
    from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db  # noqa: PLC0415
    from fastapi.testclient import TestClient  # noqa: PLC0415

    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(
        DagBag(str(CHECKOUT / "dags"), bundle_path=CHECKOUT / "dags", bundle_name="dags-folder"), "dags-folder", None
    )
    with TestClient(create_app(apps="all"), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test its own home."""
    from hooks.results import store  # noqa: PLC0415 - not before the settings stand

    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    monkeypatch.setenv("RALLYCROSS_FILES", f"{tmp_path}:{CHECKOUT / 'include'}")
    store.cache_clear()
    yield tmp_path
    store.cache_clear()
