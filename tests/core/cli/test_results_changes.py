"""`./rallycross results changes` lists the changes in the histories of recipes, and notes that they are known."""

import json
from pathlib import Path

import pytest
from recipe_history import add_run, durations, figures

from rallycross.cli.main import main
from rallycross.results.store import Store


@pytest.fixture(name="runs", autouse=True)
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Store runs of a recipe that gets slower."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    monkeypatch.delenv("RALLYCROSS_RESULTS_URL", raising=False)
    store = Store.open()
    return [
        add_run(store, str(number), figures(seconds))
        for number, seconds in enumerate(durations(38, step_at=30, factor=1.3))
    ]


def _said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["results", "changes", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_changes_are_judged_listed_and_acknowledged(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Judging a run shows what it confirms; a change is listed with its state, and --new omits acknowledged ones."""
    assert "there are no changes" in _said(capsys, "--cloud", "c")
    judged = [_said(capsys, "--judge", uuid) for uuid in runs[30:]]
    assert any("median is slower by" in one for one in judged)
    changes = json.loads(_said(capsys, "--json"))["changes"]
    assert {one["state"] for one in changes} == {"new"}
    assert {one["first_task"] for one in changes} <= set(runs[29:32])

    number = str(changes[0]["id"])
    assert "is acknowledged" in _said(capsys, "--acknowledge", number, "--note", "known")
    listed = _said(capsys, "--recipe", "nightly")
    assert ": known" in listed
    left = json.loads(_said(capsys, "--new", "--json"))["changes"]
    assert [one["id"] for one in left] == [one["id"] for one in changes[1:]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--acknowledge", "99"), "there is no change 99 - "),
        (("--note", "x"), "--note says something of a change - add --acknowledge ID"),
        (("--cloud", "nothing"), "nothing"),
        (("--judge", "zz"), "there are no results zz - "),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown change, cloud or run ends with exit code 2 and a message."""
    assert message in _said(capsys, *arguments, code=2)
