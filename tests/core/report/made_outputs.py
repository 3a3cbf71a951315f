"""A workload with every kind of output, and hooks that succeeded and failed."""

from pathlib import Path
from typing import Any

from sqlalchemy import update

from rallycross.load.sample import Sample
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store

EVIL = "<script>document.title = 'taken'</script><b>bold</b>\"'</iframe>"
LINES = [["alpha", [[0, 18], [1, 23], [2, 9]]], ["beta", [[0, 10], [1, 5], [2, 22]]]]
COMPLETE: tuple[dict[str, Any], ...] = (
    {"title": "C area", "chart_plugin": "StackedArea", "data": LINES, "label": "MB", "axis_label": "step"},
    {"title": "C lines", "chart_plugin": "Lines", "data": LINES, "description": "As they are."},
    {"title": "C pie", "chart_plugin": "Pie", "data": [["one", 3], ["two", 4]]},
    {"title": "C table", "chart_plugin": "Table", "data": {"cols": ["host", "MB"], "rows": [["node-1", 12.5]]}},
    {"title": "C stats", "chart_plugin": "StatsTable", "data": {"cols": ["name", "avg"], "rows": [["boot", 3]]}},
    {"title": "C text", "chart_plugin": "TextArea", "data": ["first line", EVIL]},
    {"title": "C page", "chart_plugin": "EmbeddedChart", "data": f"<h1>Given</h1>{EVIL}"},
    {"title": "C link", "chart_plugin": "EmbeddedExternalChart", "data": "https://example.org/logs?a=1&b=2"},
    {"title": "C code", "chart_plugin": "EmbeddedExternalChart", "data": "javascript:alert(1)"},
    {
        "title": "C trace",
        "chart_plugin": "OSProfiler",
        "data": {"trace_id": "7f3c0a1e", "conn_str": "redis://:secret@host"},
    },
)
BAD = {"title": "Bad", "chart_plugin": "Bars", "data": []}
HOOKS: list[dict[str, Any]] = [
    {
        "config": {
            "action": {"sys_call": "echo hello"},
            "trigger": {"event": {"unit": "iteration", "at": [3, 5]}},
            "description": "says hello",
        },
        "results": [
            {
                "status": "success",
                "started_at": 1003.0,
                "finished_at": 1003.25,
                "triggered_by": {"event_type": "iteration", "value": 3},
                "output": {"additive": [], "complete": [{**COMPLETE[5], "title": "System call"}]},
            },
            {
                "status": "failed",
                "started_at": 1005.0,
                "finished_at": 1005.5,
                "triggered_by": {"event_type": "iteration", "value": 5},
                "error": {"etype": "n/a", "msg": "Subprocess returned 3", "details": "stdout: <nothing>"},
                "output": {"additive": [BAD], "complete": []},
            },
        ],
        "summary": {"success": 1, "failed": 1},
    }
]


def add_outputs(store: Store, samples: Path, workload: str, *, iterations: int = 12) -> None:
    """Add iterations with outputs (in a separate shard) and hooks to a measured workload."""
    writer = SampleWriter(samples / workload / "outputs.arrows")
    for number in range(iterations):
        shown = [
            {"kind": "additive", "title": f"A {plugin}", "chart_plugin": plugin, "label": "MB", "data": data}
            for plugin in ("StatsTable", "StackedArea", "Lines", "Pie")
            for data in [[["read", number % 5 + 1], ["written", 3 + number % 2]]]
        ]
        complete = [{"kind": "complete", **one} for one in COMPLETE]
        writer.add(
            Sample(
                1000 + number, 1, None, number, number + 0.5, outputs=[*shown, *complete, {"kind": "additive", **BAD}]
            )
        )
    writer.close()
    with store.database.writing() as session:
        values = {"hook_results": HOOKS, "load_began_at": 1000.0}
        session.execute(update(WorkloadRow).where(WorkloadRow.uuid == workload).values(values))
