"""What tests of several parts of the core share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_cloud import SmallCloud

from rallycross.results.store import Store


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for what fails on purpose no longer than needed: the defaults are for real clouds."""
    monkeypatch.setenv("RALLYCROSS_API_PATIENCE", "1")
    monkeypatch.setenv("RALLYCROSS_LATE_PATIENCE", "0")


@pytest.fixture
def small_cloud() -> Iterator[SmallCloud]:
    """Run a small cloud on loopback."""
    with SmallCloud() as cloud:
        yield cloud


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Store:
    """Open a fresh store."""
    return Store.open(f"sqlite:///{tmp_path / 'results.db'}")
