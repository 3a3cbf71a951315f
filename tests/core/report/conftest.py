"""Fixtures: a store, and a whole run in it."""

from pathlib import Path

import pytest
from made_run import MadeRun, make_deployment, make_task, make_verification

from rallycross.results.store import Store


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    """Return an empty store."""
    return Store.open(f"sqlite:///{tmp_path / 'results.db'}")


@pytest.fixture(name="made")
def _made(store: Store, tmp_path: Path) -> MadeRun:
    """Return a run with every stage, a failed test and a failed workload."""
    run = MadeRun(tmp_path / "samples")
    make_deployment(store, run)
    make_verification(store, run)
    make_task(store, run)
    return run
