"""The charts, as plotly's figures: plain data, drawn by the script that the page carries.

A colour is the name of a CSS variable (`@good`), looked up when the chart is drawn, so that one figure serves the light
theme, the dark one and the printer.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rallycross.report import wording

Figure = dict[str, Any]

MOST_POINTS = 2000  # of a scatter; more make a page slow and show no more
_BINS = (8, 60)  # of a distribution: least and most
_STEP_COLOURS = {"done": "@accent", "skipped": "@muted", "running": "@warn", "failed": "@bad"}


def gantt(steps: pd.DataFrame) -> Figure:
    """Draw the steps of a deployment (`frames.steps`): what ran side by side."""
    shown = steps[steps["status"] != "skipped"]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": shown["name"].tolist(),
        "x": _rounded(shown["seconds"]),
        "base": _rounded(shown["start"]),
        "marker": {"color": [_STEP_COLOURS[status] for status in shown["status"]]},
        "text": [wording.seconds(value) for value in shown["seconds"]],
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
    """Draw the duration of each of the iterations (`frames.iterations`) over its start."""
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


def distribution(durations: "pd.Series[float]", marks: dict[str, float]) -> Figure:
    """Draw how often which duration came, with lines at `marks` (name to seconds)."""
    values = np.asarray(durations, dtype=np.float64)
    low, high = values.min(), values.max()
    if low == high:  # numpy would make the bars a second wide
        low, high = 0.95 * low, max(1.05 * high, 1e-6)
    counts, edges = np.histogram(values, bins=_bins(values), range=(low, high))
    scale, unit = _unit(values.max())
    bars = {
        "type": "bar",
        "x": _rounded((edges[:-1] + edges[1:]) / 2 * scale),
        "y": counts.tolist(),
        "width": _rounded(np.diff(edges) * scale),
        "customdata": [f"{wording.seconds(low)} to {wording.seconds(high)}" for low, high in pairwise(edges)],
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
        for at in marks.values()
    ]
    labels = [
        {
            "x": at * scale,
            "yref": "paper",
            "y": 1.0 - 0.09 * place,
            "text": f"{name} {wording.seconds(at)}",
            "showarrow": False,
            "xanchor": "left",
            "xshift": 4,
            "bgcolor": "@surface",
        }
        for place, (name, at) in enumerate(marks.items())
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


def throughput(timeline: dict[str, Any]) -> Figure:
    """Draw how many iterations ended over time (`judging.timeline`), those that failed apart."""
    width = timeline["width"]
    middle = [at + width / 2 for at in timeline["at"]]
    failed = np.array(timeline["failed"], dtype=np.int64)
    well = np.array(timeline["count"], dtype=np.int64) - failed
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


def _unit(longest: float) -> tuple[float, str]:
    """Return what to multiply seconds by, and the unit that this gives."""
    return (1, "seconds") if longest >= 1 else (1000, "milliseconds")


def _bins(values: npt.NDArray[np.float64]) -> int:
    """Return how many bars show the shape: Freedman and Diaconis's rule, within reason."""
    low, high = np.percentile(values, (25, 75))
    width = 2 * (high - low) / len(values) ** (1 / 3)
    wanted = int(np.ceil((values.max() - values.min()) / width)) if width > 0 else 0
    return min(max(wanted, _BINS[0]), _BINS[1])


def _rounded(values: Any) -> list[float]:
    """Return floats with the six digits that a chart can show."""
    return [float(f"{value:.6g}") for value in np.asarray(values, dtype=np.float64).tolist()]
