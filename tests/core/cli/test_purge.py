"""`down --purge` deletes what it has made, and nothing that another state needs."""

import argparse
from pathlib import Path

import pytest

from rallycross.cli.commands import down

PURGE = argparse.Namespace(purge=True, keep_clouds=False)


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout that has an environment and a state."""
    for name in (".venv", ".rallycross", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(down, "CHECKOUT", tmp_path)
    return tmp_path


def test_the_state_of_the_checkout_goes_with_its_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `demo` has made from nothing is gone."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(checkout / ".rallycross"))
    assert down.run(PURGE) == 0
    assert [path.name for path in checkout.iterdir()] == ["other"]


def test_a_state_elsewhere_leaves_the_environment(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkout's own state needs it, and may be in use; where it is, is said."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(checkout / "other"))
    assert down.run(PURGE) == 0
    assert {path.name for path in checkout.iterdir()} == {".venv", ".rallycross"}
    assert f"left {checkout / '.venv'}" in capsys.readouterr().out.replace("\n", "")
