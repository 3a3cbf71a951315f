"""The outputs of iterations (`Iteration.add_output`), combined by a fold.

Additive outputs with the same title and chart become one chart. Its figures are of all iterations. Its points are of
every 2nd, 4th, 8th ... iteration if there are too many, so a chart is as small after a million iterations as after a
thousand, and does not depend on how the load was split. Complete outputs are kept only of the first iterations.

If there are more charts, names in a chart, or complaints than the limit, a hash of the name decides which are kept.
Those are kept from their first iteration on, so their figures are complete and do not depend on the order or split of
the load. The outputs that are left out are counted.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import Any, TypeVar

from rallycross.judging.batch import Batch

MOST_POINTS = 1000  # points of an additive chart
MOST_VALUES = 8000  # values for the percentiles of an additive table
MOST_COMPLETE = 20  # iterations whose complete outputs are kept
MOST_CHARACTERS = 200_000  # of a complete output, as JSON
MOST_CHARTS = 50
MOST_SERIES = 100  # names in an additive chart
MOST_COMPLAINTS = 20

_TEXTS = ("title", "description", "chart_plugin", "label", "axis_label")
_ADDITIVE = frozenset({"StackedArea", "Lines", "Pie", "StatsTable"})
_COMPLETE = frozenset({*_ADDITIVE, "Table", "TextArea", "EmbeddedChart", "EmbeddedExternalChart", "OSProfiler"})

Json = dict[str, Any]
_Key = tuple[str, str, int]  # title, chart, number among equal ones of an iteration
_Place = tuple[int, int]  # iteration, and position in it
_K = TypeVar("_K")
_V = TypeVar("_V")


def complain(kind: str, output: Any) -> str | None:
    """Return what is wrong with an output, `additive` or `complete`, by Rally's rules; None if it is valid."""
    plugins = {"additive": _ADDITIVE, "complete": _COMPLETE}.get(kind)
    if plugins is None:
        return f"an output is additive or complete, not {kind!r}"
    if not isinstance(output, dict):
        return f"{kind} output is {type(output).__name__}, must be a mapping"
    what = _wrong_key(output)
    if what:
        return f"{kind} output {what}"
    plugin = output["chart_plugin"]
    if plugin not in plugins:
        return f"`chart_plugin` {plugin} of {kind} output is unknown; known: {', '.join(sorted(plugins))}"
    wanted = _wanted_data(kind, plugin, output["data"])
    return f"`data` of {kind} {plugin} must be {wanted}" if wanted else None


class Outputs:
    """Collects outputs of iterations: add batches, merge shards, close."""

    def __init__(self) -> None:
        self._charts: dict[_Key, _Chart] = {}
        self._additive = 0  # outputs, including those of charts that are not kept
        self._complete: dict[int, list[Json]] = {}
        self._with_complete = 0
        self._bad: dict[str, tuple[int, int]] = {}  # complaint -> (count, first iteration)
        self._with_bad = 0  # outputs with complaints

    def add(self, batch: Batch) -> None:
        """Add samples."""
        column = batch.record.column("outputs")
        if column.null_count == len(column):
            return
        for iteration, text in zip(batch.iteration.tolist(), column.to_pylist(), strict=True):
            if text is not None:
                self._take(iteration, json.loads(text))

    def merge(self, other: "Outputs") -> None:
        """Add the samples of another fold."""
        for key, chart in other._charts.items():
            self._charts.setdefault(key, _Chart(chart.first, chart.output)).merge(chart)
        self._additive += other._additive
        self._complete.update(other._complete)
        self._with_complete += other._with_complete
        for what, (count, first) in other._bad.items():
            self._complain(what, first, count)
        self._with_bad += other._with_bad
        self._bound()

    def close(self) -> Json:
        """Return everything to show.

        {"additive": [{"title", "chart_plugin", "description", "label", "axis_label", "every": n, points are of each
          nth iteration, "series": [{"name", "count", "min", "max", "mean", "iterations": [...], "values": [...]}],
          "series_left_out": numbers under further names}],
         "charts_left_out": outputs that would be further charts, "complete": [{"iteration", "outputs": [...]}],
         "complete_left_out": iterations, "bad": [{"what", "count", "iteration": the first}],
         "bad_left_out": outputs with further complaints}
        """
        charts = sorted(self._charts.values(), key=lambda chart: (chart.first, chart.output["title"]))
        bad = sorted(self._bad.items(), key=lambda item: (-item[1][0], item))
        return {
            "additive": [chart.close() for chart in charts],
            "charts_left_out": self._additive - sum(chart.count for chart in charts),
            "complete": [{"iteration": number, "outputs": self._complete[number]} for number in sorted(self._complete)],
            "complete_left_out": self._with_complete - len(self._complete),
            "bad": [{"what": what, "count": count, "iteration": first} for what, (count, first) in bad],
            "bad_left_out": self._with_bad - sum(count for _, (count, _) in bad),
        }

    def _take(self, iteration: int, outputs: list[Any]) -> None:
        seen: dict[tuple[str, str], int] = {}
        complete, bad = [], []
        for position, given in enumerate(outputs):
            kind, output = _parted(given)
            what = complain(kind, output)
            if what:
                bad.append(what)
            elif kind == "additive":
                name = (output["title"], output["chart_plugin"])
                turn = seen[name] = seen.get(name, -1) + 1
                chart = self._charts.setdefault((*name, turn), _Chart((iteration, position), output))
                chart.add((iteration, position), output)
                self._additive += 1
            elif len(json.dumps(output)) > MOST_CHARACTERS:
                bad.append(f"{output['title']} has more than {MOST_CHARACTERS} characters")
            else:
                complete.append(output)
        if complete:
            self._with_complete += 1
            self._complete[iteration] = complete
        for what in bad:
            self._complain(what, iteration)
        self._with_bad += len(bad)
        self._bound()

    def _bound(self) -> None:
        _keep(self._charts, MOST_CHARTS)
        _keep(self._bad, MOST_COMPLAINTS)
        while len(self._complete) > MOST_COMPLETE:
            del self._complete[max(self._complete)]

    def _complain(self, what: str, iteration: int, count: int = 1) -> None:
        before, first = self._bad.get(what, (0, iteration))
        self._bad[what] = (before + count, min(first, iteration))


@dataclass
class _Series:
    """The numbers under one name."""

    first: _Place
    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")
    kept: dict[int, float] = field(default_factory=dict)  # by iteration

    def merge(self, other: "_Series") -> None:
        self.first = min(self.first, other.first)
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        self.kept.update(other.kept)


@dataclass
class _Chart:
    """Additive outputs that are one chart."""

    first: _Place
    output: Json  # of the first iteration, with the texts of the chart
    count: int = 0  # number of outputs
    numbers: int = 0  # number of values, including those of names that are not kept
    every: int = 1  # values are kept of iterations that are divisible by this
    series: dict[str, _Series] = field(default_factory=dict)
    iterations: set[int] = field(default_factory=set)  # whose values are kept

    def add(self, place: _Place, output: Json) -> None:
        iteration = place[0]
        if place < self.first:
            self.first, self.output = place, output
        self.count += 1
        self.numbers += len(output["data"])
        keeps = iteration % self.every == 0
        for position, (name, number) in enumerate(output["data"]):
            series = self.series.setdefault(name, _Series((iteration, position)))
            value = float(number or 0)
            series.merge(_Series((iteration, position), 1, value, value, value, {iteration: value} if keeps else {}))
        _keep(self.series, MOST_SERIES)
        if keeps and output["data"]:
            self.iterations.add(iteration)
            self._thin()

    def merge(self, other: "_Chart") -> None:
        if other.first < self.first:
            self.first, self.output = other.first, other.output
        for name, series in other.series.items():
            self.series.setdefault(name, _Series(series.first)).merge(series)
        _keep(self.series, MOST_SERIES)
        self.count += other.count
        self.numbers += other.numbers
        self.iterations |= other.iterations
        self._keep_every(max(self.every, other.every))
        self._thin()

    def close(self) -> Json:
        texts = {name: self.output.get(name, "") for name in _TEXTS}
        series = sorted(self.series.items(), key=lambda item: (item[1].first, item[0]))
        return {
            **texts,
            "every": self.every,
            "series": [_closed(name, one) for name, one in series],
            "series_left_out": self.numbers - sum(one.count for one in self.series.values()),
        }

    def _thin(self) -> None:
        """Keep every second iteration, as often as needed. The result does not depend on the order of additions."""
        most = MOST_VALUES if self.output["chart_plugin"] == "StatsTable" else MOST_POINTS
        while len(self.iterations) > most:
            self._keep_every(self.every * 2)

    def _keep_every(self, every: int) -> None:
        self.every = every
        self.iterations = {number for number in self.iterations if number % every == 0}
        for series in self.series.values():
            series.kept = {number: value for number, value in series.kept.items() if number % every == 0}


def _keep(found: dict[_K, _V], most: int) -> None:
    """Drop entries beyond the limit. A dropped one never returns, since enough others rank before it."""
    while len(found) > most:
        del found[max(found, key=_rank)]


@lru_cache(maxsize=1024)
def _rank(name: Any) -> bytes:
    return blake2b(repr(name).encode(), digest_size=16).digest()


def _closed(name: str, series: _Series) -> Json:
    numbers = sorted(series.kept)
    return {
        "name": name,
        "count": series.count,
        "min": series.least,
        "max": series.most,
        # The last digits of a float sum depend on the order of additions, so they are cut off.
        "mean": float(f"{series.total / series.count:.9g}"),
        "iterations": numbers,
        "values": [series.kept[number] for number in numbers],
    }


def _wrong_key(output: Json) -> str:
    missing = [key for key in ("title", "chart_plugin", "data") if key not in output]
    if missing:
        return f"has no `{missing[0]}`"
    unknown = sorted(str(key) for key in output if key not in {*_TEXTS, "data"})
    if unknown:
        return f"has the unknown key `{unknown[0]}`"
    bad = [key for key in _TEXTS if not isinstance(output.get(key, ""), str)]
    return f"has a `{bad[0]}` that is {type(output[bad[0]]).__name__}, not text" if bad else ""


def _parted(given: Any) -> tuple[str, Any]:
    """Return kind and output of an entry in a sample."""
    if not isinstance(given, dict):
        return "complete", given
    return str(given.get("kind")), {key: value for key, value in given.items() if key != "kind"}


def _wanted_data(kind: str, plugin: str, data: Any) -> str:
    """Return the required form of the data; "" if they have it."""
    if plugin in {"Table", "StatsTable"} and kind == "complete":
        return "" if _is_table(data) else "{cols: [...], rows: [[...], ...]}"
    if plugin == "TextArea":
        return "" if isinstance(data, list) and all(isinstance(one, str) for one in data) else "a list of texts"
    if plugin in {"EmbeddedChart", "EmbeddedExternalChart"}:
        return "" if isinstance(data, str) else "a text"
    if plugin == "OSProfiler":
        return "" if isinstance(data, dict) and isinstance(data.get("trace_id"), str) else "a mapping with `trace_id`"
    if kind == "complete" and plugin != "Pie":
        lines = all(isinstance(line, list) and all(_is_point(one) for one in line) for line in _values(data))
        return "" if lines and _is_pairs(data) else "[[name, [[x, y], ...]], ...]"
    numbers = all(_is_number(one) or one is None for one in _values(data))
    return "" if numbers and _is_pairs(data) else "[[name, number], ...]"


def _is_pairs(data: Any) -> bool:
    return isinstance(data, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in data
    )


def _values(data: Any) -> Iterator[Any]:
    return (pair[1] for pair in data if len(pair) == 2) if _is_pairs(data) else iter(())


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(one) for one in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_table(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and isinstance(data.get("cols"), list)
        and isinstance(data.get("rows"), list)
        and all(isinstance(row, list) for row in data["rows"])
    )
