"""Figures are the same wherever they are shown."""

import html
import re
from pathlib import Path

import numpy as np
import pytest

from rallycross.cli.main import main
from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

TASK = "aaaa1111-0000-4000-8000-000000000000"


@pytest.fixture(name="samples")
def _samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Measure a workload with very different durations, and some failed iterations."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES"):
        monkeypatch.delenv(name, raising=False)
    store = Store.open()
    workload = Workload(0, "Nova.boot", {}, "constant", {"times": 300, "concurrency": 2}, {}, {})
    task = Task("t", (Subtask("s", (workload,)),))
    [uuid] = store.tasks.begin(TASK, cloud="c", task=task, environment={}).values()
    writer = SampleWriter(tmp_path / "samples" / uuid / "0.arrows")
    for number, took in enumerate(np.random.default_rng(7).exponential(2.0, 300).tolist()):
        actions = [Action("nova.boot", 0, number, number + took / 3), Action("nova.wait", 1, number, number + took / 9)]
        failure = Failure("Boom", "it broke") if number % 10 == 9 else None
        writer.add(Sample(number, 0, None, number, number + took, failure=failure, actions=actions * 2))
    writer.close()
    store.workloads.end(uuid, status="finished", load_seconds=300.0, full_seconds=300.0)
    store.tasks.end(TASK, status="finished")
    return tmp_path / "samples"


def _on_the_terminal(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    assert main(["results", "show", TASK]) in {0, 1}
    rows = [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    start = next(number for number, row in enumerate(rows) if row[0] == "action")
    return [[re.sub("^-> ", "", row[0]), *row[1:]] for row in rows[start : start + 4]]


def _in_the_report(folder: Path) -> list[list[str]]:
    assert main(["results", "export", TASK, "--format", "html", "-o", str(folder / "report.html")]) == 0
    table = re.findall(r'<table class="durations">.*?</table>', (folder / "report.html").read_text(), re.DOTALL)[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("<tr")[1:]]
    return [[html.unescape(cell) for cell in (row[0], *row[2:])] for row in rows]  # without the drawing


def test_terminal_and_report_show_the_same(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every figure in every row is the same on the terminal and in the report."""
    judge(Store.open(), TASK, samples=samples)

    shown = _on_the_terminal(capsys)

    assert [row[0] for row in shown] == ["action", "total", "nova.boot", "nova.wait"]
    assert {"p50", "p90", "p95", "p99"} < set(shown[0])
    assert [row[1:] for row in shown] == [row[1:] for row in _in_the_report(tmp_path)]


def test_what_is_not_judged_is_shown_as_it_will_be_judged(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal shows the same figures before and after judging."""
    before = _on_the_terminal(capsys)
    judge(Store.open(), TASK, samples=samples)

    assert before == _on_the_terminal(capsys)
