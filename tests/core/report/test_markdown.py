"""The report as Markdown."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample
from rallycross.report.files import rendered
from rallycross.report.markdown import _text
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.verification.test import TestResult

UUID, TESTS = "aaaa1111-0000-4000-8000-000000000000", "bbbb1111-0000-4000-8000-000000000000"


@pytest.fixture(name="report")
def _report(sqlite_store: Store, tmp_path: Path) -> str:
    """Return the report of a task that failed, and of a verification."""
    workload = Workload(0, "Nova.boot", {}, "serial", {"times": 3}, {}, {"failure_rate": {"max": 0}})
    task = Task("First | *title*", (Subtask("s", (workload,)),))
    (own,) = sqlite_store.tasks.begin(UUID, cloud="c", task=task, environment={}).values()
    sqlite_store.workloads.begin(own)
    writer = SampleWriter(tmp_path / own / "0.arrows")
    for number in range(3):
        failure = Failure("Boom", "it <broke>\nbadly") if number == 2 else None
        actions = [Action("nova.boot_server", 0, number, number + 0.5), Action("nova.wait", 1, number, number + 0.5)]
        writer.add(Sample(number, 0, None, number, number + 1.0, failure=failure, actions=actions))
    writer.close()
    sqlite_store.workloads.end(own, status="finished", load_seconds=3.0, full_seconds=3.0)
    sqlite_store.tasks.end(UUID, status="finished")
    judge(sqlite_store, UUID, samples=tmp_path)
    test = TestResult("a.b.C.test_d", "fail", 1.0, 0.5)
    sqlite_store.verifications.add(TESTS, cloud="c", chosen="smoke", tests=[test], environment={})
    return rendered(sqlite_store, "markdown", task=UUID, verification=TESTS, samples=tmp_path).decode()


def test_it_has_the_verdict_the_figures_and_what_failed(report: str) -> None:
    """The heading has the verdict; tables have the figures and the criteria; lists have failures and failed tests."""
    lines = report.splitlines()
    assert lines[0] == r"# First \| \*title\*: FAILED"
    assert "## Verification: smoke" in lines
    assert r"- a.b.C.test\_d" in lines
    assert r"## 1. Nova.boot: s" in lines
    head = next(line for line in lines if line.startswith("| action |"))
    rows = [line for line in lines if line.startswith(("| total |", r"| nova.boot\_server |", "| → nova.wait |"))]
    assert len(rows) == 3
    assert {line.count(" | ") for line in rows} == {head.count(" | ")}
    assert any(line.startswith(r"| **FAILED** | failure\_rate |") for line in lines)
    assert r"- 1 x Boom: it \<broke\>" in lines


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_markup(text: str) -> None:
    """A text of a user or a cloud is one line, in which no character of Markdown or HTML is left bare."""
    shown = _text(text)
    assert "\n" not in shown
    bare = shown.replace(r"\\", "").replace(r"\|", "").replace(r"\<", "").replace(r"\`", "")
    assert not {"|", "<", "`"} & set(bare)
