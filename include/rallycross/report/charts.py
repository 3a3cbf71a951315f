"""The charts, as plotly figures: plain data that the script in the page draws.

A colour is the name of a CSS variable (`@good`), resolved when the chart is drawn, so that one figure works in the
light theme, in the dark theme, and in print.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from rallycross.results.workload_figures import ActionCourses, Course, Distribution
from rallycross.views import wording

Figure = dict[str, Any]
_Line = tuple[float | None, ...]

MOST_POINTS = 2000  # in a scatter chart; more would only make the page slow
_MOST_ACTIONS = 8  # that are drawn over time; more lines cannot be told apart
_LINES = ("@accent", "@warn", "@good", "@bad", "@muted")  # colours of lines; used again for dashed ones
_STEP_COLOURS = {"done": "@accent", "skipped": "@muted", "running": "@warn", "failed": "@bad"}


def gantt(steps: pd.DataFrame) -> Figure:
    """Return a Gantt chart of the steps of a deployment (`frames.steps`)."""
    shown = steps[steps["status"] != "skipped"]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": shown["name"].tolist(),
        "x": _rounded(shown["seconds"]),
        "base": _rounded(shown["start"]),
        "marker": {"color": [_STEP_COLOURS[status] for status in shown["status"]]},
        "text": [wording.duration(value) for value in shown["seconds"]],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 11},
        "hovertemplate": "%{y}<br>%{text}, from %{base:.1f} s on<extra></extra>",
    }
    end = float((shown["start"] + shown["seconds"]).max()) if len(shown) else 1.0
    return {
        "data": [bars],
        "layout": {
            "height": 70 + 22 * len(shown),
            "bargap": 0.35,
            "xaxis": {"title": {"text": "seconds since the first step"}, "range": [0, end * 1.12]},
            "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False, "ticksuffix": "  "},
        },
    }


def latency(iterations: pd.DataFrame) -> Figure:
    """Return a scatter chart of the durations of iterations (`frames.iterations`) by start."""
    traces = []
    scale, unit = _unit(iterations["duration"].max())
    for failed, name, colour, symbol in ((False, "succeeded", "@accent", "circle"), (True, "failed", "@bad", "x")):
        part = iterations[iterations["failed"] == failed]
        if len(part):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "x": _rounded(part["started"]),
                    "y": _rounded(part["duration"] * scale),
                    "customdata": part["iteration"].tolist(),
                    "marker": {"color": colour, "size": 6 if len(part) < 500 else 4, "opacity": 0.75, "symbol": symbol},
                    "hovertemplate": f"iteration %{{customdata}} {name}<br>%{{y:.4~g}} {unit}, "
                    "started at %{x:.2f} s<extra></extra>",
                }
            )
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": "start of the iteration, in seconds"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
            "showlegend": len(traces) > 1,
        },
    }


def distribution(bars_of: Distribution, marks: Mapping[str, float | None]) -> Figure:
    """Return a histogram of durations, with lines at `marks` (name to seconds)."""
    known = {name: at for name, at in marks.items() if at is not None}
    edges = np.linspace(bars_of.low, bars_of.high, len(bars_of.count) + 1)
    scale, unit = _unit(bars_of.high)
    bars = {
        "type": "bar",
        "x": _rounded((edges[:-1] + edges[1:]) / 2 * scale),
        "y": list(bars_of.count),
        "width": _rounded(np.diff(edges) * scale),
        "customdata": [f"{wording.duration(low)} to {wording.duration(high)}" for low, high in pairwise(edges)],
        "marker": {"color": "@accent", "opacity": 0.8, "line": {"width": 1, "color": "@surface"}},
        "hovertemplate": "%{customdata}: %{y}<extra></extra>",
    }
    lines = [
        {
            "type": "line",
            "x0": at * scale,
            "x1": at * scale,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "@ink", "dash": "dot"},
        }
        for at in known.values()
    ]
    labels = [
        {
            "x": at * scale,
            "yref": "paper",
            "y": 1.0 - 0.09 * place,
            "text": f"{name} {wording.duration(at)}",
            "showarrow": False,
            "xanchor": "left",
            "xshift": 4,
            "bgcolor": "@surface",
        }
        for place, (name, at) in enumerate(known.items())
    ]
    return {
        "data": [bars],
        "layout": {
            "bargap": 0,
            "shapes": lines,
            "annotations": labels,
            "xaxis": {"title": {"text": unit}},
            "yaxis": {"title": {"text": "iterations"}},
        },
    }


def throughput(timeline: Course) -> Figure:
    """Return a bar chart of iterations that ended over time, succeeded and failed."""
    width = timeline.width
    middle = [at + width / 2 for at in timeline.at]
    failed = np.array(timeline.failed, dtype=np.int64)
    well = np.array(timeline.count, dtype=np.int64) - failed
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": middle,
            "y": _rounded(values / width),
            "width": width,
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": f"%{{y}} {name} a second<extra></extra>",
        }
        for name, values, colour in (("succeeded", well, "@accent"), ("failed", failed, "@bad"))
        if values.any()
    ]
    return {
        "data": traces,
        "layout": {
            "barmode": "stack",
            "bargap": 0.08,
            "xaxis": {"title": {"text": "seconds since the start of the load"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": "iterations a second"}, "rangemode": "tozero"},
            "showlegend": len(traces) > 1,
        },
    }


def percentiles(timeline: Course, lines: Mapping[str, _Line]) -> Figure:
    """Return a line chart of percentiles of the durations over time."""
    return _over_time(timeline, lines)


def actions(courses: ActionCourses) -> Figure:
    """Return a line chart of the median durations over time of the actions that took longest in total."""
    series = courses.series
    longest = sorted(series, key=lambda name: -sum(value or 0 for value in series[name].mean))[:_MOST_ACTIONS]
    return _over_time(courses, {name: series[name].p50 for name in longest})


def _over_time(axis: Course | ActionCourses, lines: Mapping[str, _Line]) -> Figure:
    middle = _rounded(np.array(axis.at) + axis.width / 2)
    known = [value for values in lines.values() for value in values if value is not None]
    scale, unit = _unit(max(known, default=0))
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": middle,
            "y": [None if value is None else float(f"{value * scale:.6g}") for value in values],
            "line": {
                "color": _LINES[place % len(_LINES)],
                "width": 1.6,
                "dash": ("solid", "dot")[place // len(_LINES) % 2],
            },
            "marker": {"size": 4},
            "hovertemplate": f"{name}: %{{y:.4~g}} {unit}, at %{{x:.4~g}} s<extra></extra>",
        }
        for place, (name, values) in enumerate(lines.items())
    ]
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": "seconds since the start of the load"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
            "showlegend": True,
        },
    }


def _unit(longest: float) -> tuple[float, str]:
    """Return the factor for seconds, and the unit that it gives."""
    return (1, "seconds") if longest >= 1 else (1000, "milliseconds")


def _rounded(values: Any) -> list[float]:
    """Return floats rounded to six significant digits, more than a chart can show."""
    return [float(f"{value:.6g}") for value in np.asarray(values, dtype=np.float64).tolist()]
