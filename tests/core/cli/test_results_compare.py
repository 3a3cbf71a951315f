"""`./rallycross results compare` and `./rallycross gate`."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from comparable_runs import LIST, ComparableRuns, Load
from test_run import command

from rallycross.cli.main import main
from rallycross.results.store import Store

RUN = {"constant": {"times": 20, "concurrency": 1}}


@pytest.fixture(name="runs")
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ComparableRuns:
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES"):
        monkeypatch.delenv(name, raising=False)
    return ComparableRuns(Store.open(), tmp_path / "samples")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["results", "compare", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_two_runs_are_compared_by_abbreviated_uuids(runs: ComparableRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """The sides come first, then what differs around them, then a line for each figure."""
    runs.add(1, Load(), cloud="one")
    runs.add(2, Load(slower=1.2), cloud="two")
    said = _said(capsys, "00000001", "00000002", "--by", "action")
    lines = said.splitlines()
    assert lines[0].startswith("first    00000001: Boot, on one")
    assert said.index("cloud differs: one / two") < said.index("slower by")
    assert [line for line in lines if line.split()[:2] == ["nova.boot_server", "median"]]
    assert "on average at most 1 % are chance" in said


def test_sets_are_named_by_uuids_or_tags(runs: ComparableRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways name the same runs; --last limits those with a tag."""
    for number in (1, 2, 3, 4):
        runs.add(number, Load(count=50), tags=("before" if number < 3 else "after",))
    by_tag = json.loads(_said(capsys, "--tag", "before", "tag:after", "--json"))
    by_uuid = json.loads(_said(capsys, "00000002,00000001", "00000004,00000003", "--json"))
    assert by_tag == by_uuid
    assert [run["uuid"][:8] for run in by_tag["first"]] == ["00000002", "00000001"]
    newest = json.loads(_said(capsys, "--tag", "before", "--tag", "after", "--last", "1", "--json"))
    assert [run["uuid"][:8] for run in newest["second"]] == ["00000004"]


def test_each_format_is_written(runs: ComparableRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """HTML, Markdown and JSON are complete files; a text is not written to one."""
    runs.add(1, Load(count=50))
    runs.add(2, Load(count=50))
    for form, start in (("html", "<!doctype html>"), ("markdown", "**"), ("json", "{")):
        _said(capsys, "00000001", "00000002", "--format", form, "-o", str(tmp_path / form))
        assert (tmp_path / form).read_text().startswith(start)
    assert "needs a format" in _said(capsys, "00000001", "00000002", "-o", str(tmp_path / "text"), code=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("00000001",), "two sides are compared, and 1 are given"),
        (("00000001", "00000001"), "on both sides"),
        (("00000001", "00000002"), "no workload in common"),
        (("00000001", "9"), "there are no results 9"),
        (("00000001", "tag:none"), "no run with the tag 'none'"),
    ],
)
def test_what_cannot_be_compared_ends_with_two(
    runs: ComparableRuns, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says why, and what to do."""
    runs.add(1, Load(count=10))
    runs.add(2, Load(LIST, count=10))
    message = _said(capsys, *arguments, code=2)
    assert said in message
    assert " - " in message


def _task(sleep: float) -> str:
    subtask = {"title": "s", "scenario": {"Dummy.dummy": {"sleep": sleep}}, "runner": RUN}
    return yaml.safe_dump({"version": 2, "title": "Gate", "subtasks": [subtask]})


def _gate(home: Path, text: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run a gate; again if the machine was too busy for the load to be believed."""
    for _ in range(5):
        ran = command(home, "gate", "-", "--json", *arguments, text=text)
        found = json.loads(ran.stdout)
        if not any("is INVALID: the generator" in reason for reason in found["reasons"]):
            break
    return ran.returncode, found, ran.stderr


def test_a_gate_compares_with_the_last_good_run(tmp_path: Path) -> None:
    """The first run has no baseline; the same again passes; a slower one fails, and is not the next baseline."""
    home, fast, slow = tmp_path / "home", _task(0.1), _task(0.4)
    code, first, _ = _gate(home, fast, "--baseline", "last-good")
    assert code == 2
    assert "there is no baseline" in first["reasons"][0]
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
    options = ("--baseline", "last-good", "--junit", str(junit), "--markdown", str(markdown))
    code, same, _ = _gate(home, fast, *options, "--tolerance", "60")
    assert (code, same["word"]) == (0, "passed")
    assert same["comparison"]["first"][0]["uuid"] == first["run"]
    code, worse, _ = _gate(home, slow, *options, "--baseline", str(first["run"])[:8])
    assert (code, worse["word"]) == (1, "worse")
    assert ET.parse(junit).getroot().get("failures") != "0"
    assert markdown.read_text().startswith("## Benchmark worse")


def test_a_baseline_that_does_not_exist_is_refused_before_the_load(tmp_path: Path) -> None:
    """Nothing has run."""
    ran = command(tmp_path / "home", "gate", "-", "--baseline", "nightly", text=_task(0))
    assert ran.returncode == 2
    assert "there are no results nightly" in ran.stderr
    assert Store.open(f"sqlite:///{tmp_path / 'home/results.db'}").tasks.latest() == []
