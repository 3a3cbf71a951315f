"""A comparison of runs in words, as Markdown and as a page."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from comparable_runs import LIST, ComparableRuns, Load
from test_html import EVIL, Page

from rallycross.judging.run_comparison.compare import RunComparison, compare
from rallycross.judging.run_comparison.gate import gate_verdict
from rallycross.judging.verdict import task_verdict
from rallycross.report import pages
from rallycross.report.gate_junit import gate_junit
from rallycross.report.run import gather
from rallycross.report.run_comparison_markdown import gate_markdown, markdown
from rallycross.report.run_comparison_page import page
from rallycross.results.store import Store
from rallycross.views.run_comparison import comparison_view


@pytest.fixture(name="runs", scope="module")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> ComparableRuns:
    folder: Path = tmp_path_factory.mktemp("compared")
    return ComparableRuns(Store.open(f"sqlite:///{folder / 'results.db'}"), folder / "samples")


@pytest.fixture(name="found", scope="module")
def _found(runs: ComparableRuns) -> RunComparison:
    """Compare runs whose boots are slower on another version, and which have a workload of few iterations."""
    old = runs.add(1, Load(), Load(LIST, count=12), environment={"cloud": {"nova": "31"}})
    new = runs.add(2, Load(boot_slower=1.3), Load(LIST, count=12), environment={"cloud": {"nova": "32"}})
    return compare([old], [new], runs.samples, by_action=True)


def test_every_figure_is_said_with_its_interval(found: RunComparison) -> None:
    """A difference has a size and an interval; no difference has the size that would have been seen."""
    view = comparison_view(found)
    said = {(row.action, row.figure): row.sentence for row in view.workloads[0].rows}
    assert re.fullmatch(r"slower by (2[5-9]|3[0-5]) % \[2\d, 3\d\]", said["nova.boot_server", "median"])
    assert re.fullmatch(
        r"no difference seen; one of \d+(\.\d)? % or more would have been", said["nova.delete_server", "median"]
    )
    assert re.fullmatch(r"lower by \d+ % \[\d+, \d+\]", said["", "throughput"])
    assert re.fullmatch(
        r"no difference seen; one of \d(\.\d+)? percentage points or more would have been", said["", "failed"]
    )
    few = {(row.action, row.figure): row.sentence for row in view.workloads[1].rows}
    assert few["", "p95"] == "cannot be told: 12 and 12 samples, and an interval needs about 80 on each side"
    assert "worse of 16 figures" in view.summary


def test_the_circumstances_come_before_the_figures(found: RunComparison) -> None:
    """The versions that differ are said first, and that one run on each side does not tell how much runs differ."""
    text = markdown(comparison_view(found))
    assert text.index("cloud\\.nova" if "cloud\\.nova" in text else "cloud.nova differs: 31 / 32") < text.index(
        "| action"
    )
    assert "one run on each side" in text


def test_the_markdown_is_a_table_that_no_text_can_break(runs: ComparableRuns) -> None:
    """Every row has five cells; markup and mentions in names are escaped."""
    evil = f"{EVIL} | a | @everyone `x`\n| b"
    one, other = (runs.add(number, Load(), title=evil, cloud=evil) for number in (11, 12))
    text = markdown(comparison_view(compare([one], [other], runs.samples)))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
    assert "@everyone" not in text
    assert "<script" not in text


def test_the_page_is_whole_and_lets_nothing_in(runs: ComparableRuns, found: RunComparison) -> None:
    """All sentences are on the page; only its own scripts run, nothing is fetched, and every element is closed."""
    shown = Page(page(found))
    words = re.sub(r"\s+", " ", shown.text)
    for workload in comparison_view(found).workloads:
        assert all(row.sentence in words for row in workload.rows)
    evil = [runs.add(number, Load(), title=EVIL, cloud=EVIL, tags=(EVIL,)) for number in (21, 22)]
    text = page(compare(evil[:1], evil[1:], runs.samples))
    shown = Page(text)
    assert shown.ends == []
    own = [pages.script("theme.js"), pages.script("airflow.js")]
    assert shown.scripts == own
    assert EVIL not in text
    assert any(attributes.get("content") == pages.policy(own) for _, attributes in shown.elements)


def test_a_gates_junit_has_a_case_for_each_workload_and_action(runs: ComparableRuns, found: RunComparison) -> None:
    """The slower action fails with its sentence; the other passes; the run's own cases are there, too."""
    uuid = found.second[0].uuid
    run = task_verdict(runs.store.tasks.get(uuid))
    verdict = gate_verdict(run, found)
    of_run = gather(runs.store, deployment=None, verification=None, task=uuid, samples=runs.samples)
    root = ET.fromstring(gate_junit(of_run, found, verdict, tolerance=0.05))
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    group = "comparison.1. NovaServers.boot_and_delete_server"
    failure = cases[group, "nova.boot_server"].find("failure")
    assert failure is not None
    assert "median: slower by" in failure.get("message", "")
    assert not list(cases[group, "nova.delete_server"])
    assert ("benchmark.Boot", f"2. {LIST}") in cases
    assert int(root.get("failures", 0)) == 2  # the action, and whole iterations
    assert gate_markdown(verdict, found).startswith("## Benchmark worse\n")
