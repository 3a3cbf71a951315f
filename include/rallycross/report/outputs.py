"""Outputs of scenarios and hooks, in the form that the templates `outputs` and `hooks` render.

A view is {"title", "description", "caption"} with one of "figure" (plotly's), "table" ({"cols", "rows"}), "texts",
"page" (foreign HTML, for a sandboxed frame), "link" (a URL) or "plain" (a line of text).
"""

from pathlib import Path
from typing import Any

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.judging.outputs import Outputs, complain
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_file import read_batches
from rallycross.views import wording

Json = dict[str, Any]

# Okabe and Ito's palette, distinguishable for colour-blind readers, on a light and a dark page.
_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a800"]
_SHARES = {"median": 50, "p90": 90, "p95": 95}


def outputs(samples: Path) -> Json | None:
    """Return the views of a workload's outputs, from the samples in its folder; None if it has none."""
    fold = Outputs()
    for record in read_batches(samples):
        fold.add(Batch(record))
    found = fold.close()
    if not (found["additive"] or found["complete"] or found["bad"]):
        return None
    return {
        **found,
        "additive": [_additive(chart) for chart in found["additive"]],
        "complete": [
            {"iteration": one["iteration"], "views": [_complete(output) for output in one["outputs"]]}
            for one in found["complete"]
        ],
    }


def hooks(row: WorkloadRow) -> list[Json]:
    """Return a workload's hooks: action, trigger, description, summary, and an entry for each run."""
    return [_hook(hook, row.load_began_at) for hook in row.hook_results]


def has_figures(views: Any) -> bool:
    """Return whether a result of `outputs` or `hooks` contains a chart."""
    if isinstance(views, dict):
        return "figure" in views or any(has_figures(value) for value in views.values())
    return isinstance(views, list) and any(has_figures(value) for value in views)


def _additive(chart: Json) -> Json:
    view = _drawn(chart)
    if left_out := chart["series_left_out"]:
        view["caption"] += f" Left out: {wording.counted(left_out, 'number')} under further names."
    return view


def _drawn(chart: Json) -> Json:
    series, plugin = chart["series"], chart["chart_plugin"]
    view = {"title": chart["title"], "description": chart["description"], "caption": ""}
    if plugin == "StatsTable":
        cols = ["", "min", *_SHARES, "max", "mean", "count"]
        view["caption"] = _every(chart["every"], "Percentiles")
        return {**view, "table": {"cols": cols, "rows": [_statistics(one) for one in series]}}
    if plugin == "Pie":
        counts = {one["count"] for one in series}
        of = (
            f"of {wording.counted(counts.pop(), 'iteration')}" if len(counts) == 1 else "of iterations with this output"
        )
        view["caption"] = f"The mean {of}."
        return {**view, "figure": _pie([(one["name"], one["mean"]) for one in series])}
    if all(len(one["values"]) == 1 for one in series):  # a line needs two points
        rows = [[one["name"], one["values"][0]] for one in series]
        return {**view, "table": {"cols": ["", chart["label"] or "value"], "rows": rows}}
    view["caption"] = _every(chart["every"], "Points")
    lines = [(one["name"], one["iterations"], one["values"]) for one in series]
    axes = (chart["axis_label"] or "iteration", chart["label"])
    return {**view, "figure": _lines(lines, axes, stacked=plugin == "StackedArea")}


def _complete(output: Json) -> Json:
    return {
        "title": output["title"],
        "description": output.get("description", ""),
        "caption": "",
        **_content(output["chart_plugin"], output["data"], (output.get("axis_label", ""), output.get("label", ""))),
    }


def _content(plugin: str, data: Any, axes: tuple[str, str]) -> Json:
    found: Json
    match plugin:
        case "Table" | "StatsTable":
            found = {"table": data}
        case "TextArea":
            found = {"texts": data}
        case "EmbeddedChart":
            found = {"page": data, "caption": "As it was given, in a frame of its own; scripts in it do not run."}
        case "EmbeddedExternalChart":
            found = {"link" if data.startswith(("http://", "https://")) else "plain": data}
        case "OSProfiler":
            found = {"plain": f"trace {data['trace_id']}"}
        case "Pie":
            found = {"figure": _pie([(name, number or 0) for name, number in data])}
        case _:
            lines = [(name, [x for x, _ in points], [y for _, y in points]) for name, points in data]
            found = {"figure": _lines(lines, axes, stacked=plugin == "StackedArea")}
    return found


def _hook(hook: Json, began: float | None) -> Json:
    config = hook.get("config", {})
    return {
        "action": config.get("action", {}),
        "trigger": config.get("trigger", {}),
        "description": config.get("description") or "",
        "summary": hook.get("summary", {}),
        "runs": [_run(result, began) for result in hook.get("results", [])],
    }


def _run(result: Json, began: float | None) -> Json:
    started, finished = result.get("started_at"), result.get("finished_at")
    error = result.get("error") or {}
    if isinstance(error, list):  # Rally's: type, message, traceback
        error = dict(zip(("etype", "msg", "details"), error, strict=False))
    output = result.get("output") or {}
    views, bad = [], []
    for kind in ("additive", "complete"):
        for one in output.get(kind) or []:
            what = complain(kind, one)
            if what:
                bad.append(what)
            else:
                views.append(_complete(one) if kind == "complete" else _of_one(one))
    return {
        "status": result.get("status", ""),
        "event": result.get("triggered_by", {}),
        "at": None if started is None or began is None else started - began,
        "seconds": None if started is None or finished is None else finished - started,
        "error": error,
        "views": views,
        "bad": bad,
    }


def _of_one(output: Json) -> Json:
    """Return a single additive output as a table."""
    view = {"title": output["title"], "description": output.get("description", ""), "caption": ""}
    return {**view, "table": {"cols": ["", output.get("label") or "value"], "rows": output["data"]}}


def _lines(lines: list[tuple[str, list[Any], list[Any]]], axes: tuple[str, str], *, stacked: bool) -> Json:
    stack = {"stackgroup": "all", "line": {"width": 1}} if stacked else {}
    traces = [
        {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "hovertemplate": "%{y:.6~g}", **stack}
        for name, x, y in lines
    ]
    layout = {
        "colorway": _COLOURS,
        "hovermode": "x unified",
        "showlegend": len(traces) > 1,
        "xaxis": {"title": {"text": axes[0]}},
        "yaxis": {"title": {"text": axes[1]}, "rangemode": "tozero"},
    }
    return {"data": traces, "layout": layout}


def _pie(parts: list[tuple[str, float]]) -> Json:
    names, values = [name for name, _ in parts], [value for _, value in parts]
    pie = {"type": "pie", "labels": names, "values": values, "sort": False, "hole": 0.45, "textinfo": "percent"}
    hidden = {"visible": False}
    layout = {"colorway": _COLOURS, "showlegend": True, "xaxis": hidden, "yaxis": hidden}
    return {"data": [{**pie, "hovertemplate": "%{label}: %{value:.6~g}<extra></extra>"}], "layout": layout}


def _statistics(series: Json) -> list[Any]:
    shares = np.percentile(series["values"], list(_SHARES.values())).tolist() if series["values"] else [None] * 3
    figures = [series["min"], *shares, series["max"], series["mean"]]
    return [series["name"], *(_short(one) for one in figures), series["count"]]


def _short(value: float | None) -> float | int | str:
    """Return a number of unknown unit with four significant digits."""
    short = wording.NOTHING if value is None else float(f"{value:.4g}")
    return int(short) if isinstance(short, float) and short.is_integer() else short


def _every(every: int, what: str) -> str:
    return "Of all iterations." if every == 1 else f"{what} are of every {wording.count(every)}th iteration."
