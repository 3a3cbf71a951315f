"""`down --purge` deletes what Rallycross created, and nothing that another state needs."""

import argparse
from pathlib import Path

import pytest

from rallycross.cli.commands import down

PURGE = argparse.Namespace(purge=True, keep_clouds=False)


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout with an environment and a state."""
    for name in (".venv", ".rallycross", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(down, "CHECKOUT", tmp_path)
    return tmp_path


def test_the_state_of_the_checkout_goes_with_its_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that `demo` created is deleted."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(checkout / ".rallycross"))
    assert down.run(PURGE) == 0
    assert [path.name for path in checkout.iterdir()] == ["other"]


def test_a_state_elsewhere_leaves_the_environment(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment is kept if another state is purged, and the output names it."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(checkout / "other"))
    assert down.run(PURGE) == 0
    assert {path.name for path in checkout.iterdir()} == {".venv", ".rallycross"}
    assert f"kept {checkout / '.venv'}" in capsys.readouterr().out.replace("\n", "")
