"""The outcome of a run: one word, the reasons, and where to look."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rallycross.cli.airflow_run import RunView
from rallycross.cli.run_outcome import exit_code, print_outcome
from rallycross.results.sla_row import SlaRow
from rallycross.results.store import Store
from rallycross.results.workload_figures import WorkloadFigures
from rallycross.task.plan import Subtask, Task, Workload

UUID = "00000000-0000-4000-8000-000000000001"


def _run(folder: Path, row: SlaRow, **told: Any) -> Any:
    """Return the parts of a run that the outcome needs, with one judged workload; `told` has XCom values."""
    store = Store.open(f"sqlite:///{folder}/results.db")
    task = Task("t", (Subtask("s", (Workload(0, "A.b", {}, "serial", {}, {}, {}),)),))
    uuid = store.tasks.begin(UUID, cloud="c", task=task, environment={})[0]
    store.workloads.begin(uuid)
    store.workloads.save_judgement(uuid, figures=WorkloadFigures(), sla=[row], passed=row.passed)
    return SimpleNamespace(
        store=store,
        task=UUID,
        url="http://here",
        xcom=lambda stage, key="": told.get(key) if stage == "verdict" else None,
    )


@pytest.mark.parametrize(
    ("state", "row", "told", "word"),
    [
        ("success", SlaRow("failure_rate", passed=True, detail="0 of 4"), {}, "PASSED"),
        ("failed", SlaRow("failure_rate", passed=False, detail="1 of 4"), {"reasons": ["It did not."]}, "FAILED"),
        (
            "failed",
            SlaRow("invalid_load", passed=False, detail="late"),
            {"reasons": ["Workload 1 is INVALID."], "invalid": True},
            "INVALID",
        ),
    ],
)
def test_the_end_has_one_word(*, state: str, row: SlaRow, told: dict[str, Any], word: str, tmp_path: Path) -> None:
    """The outcome is PASSED, FAILED or INVALID, and the exit code separates success from the others."""
    out = io.StringIO()
    run, view = _run(tmp_path, row, **told), RunView(state, ())
    server: Any = SimpleNamespace(url="http://there", secrets=SimpleNamespace(password="p"))
    print_outcome(Console(file=out, width=200), run, view, {}, server)

    assert [line for line in out.getvalue().splitlines() if line in {"PASSED", "FAILED", "INVALID"}] == [word]
    assert all(reason in out.getvalue() for reason in told.get("reasons", []))
    assert exit_code(run, view) == (0 if word == "PASSED" else 1)
