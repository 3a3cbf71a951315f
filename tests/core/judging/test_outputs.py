"""Outputs of scenarios are combined over all iterations in bounded memory, and no output breaks that."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rallycross.judging.batch import Batch
from rallycross.judging.outputs import (
    MOST_CHARTS,
    MOST_COMPLAINTS,
    MOST_COMPLETE,
    MOST_POINTS,
    MOST_SERIES,
    Outputs,
    complain,
)
from rallycross.load.iteration import Iteration
from rallycross.load.sample import Sample, State

MakeBatch = Callable[[Sequence[Sample]], Batch]

NUMBERS = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6), st.none())
ADDITIVE = st.fixed_dictionaries(
    {
        "kind": st.just("additive"),
        "title": st.sampled_from(["one", "two"]),
        "chart_plugin": st.sampled_from(["StackedArea", "Lines", "Pie", "StatsTable"]),
        "data": st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), NUMBERS).map(list), max_size=3),
    }
)
COMPLETE = st.fixed_dictionaries(
    {
        "kind": st.just("complete"),
        "title": st.just("text"),
        "chart_plugin": st.just("TextArea"),
        "data": st.lists(st.text(max_size=5), max_size=2),
    }
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["kind", "title", "chart_plugin", "data", "label", "cols", "rows", "trace_id", "x"]), inner
        ),
    ),
    max_leaves=15,
)


def _sample(number: int, *outputs: Any, state: State = State.RAN) -> Sample:
    return Sample(number, 0, None, float(number), number + 0.5, outputs=list(outputs), state=state)


def _line(value: float, *, title: str = "load", plugin: str = "Lines") -> dict[str, Any]:
    return {"kind": "additive", "title": title, "chart_plugin": plugin, "data": [["cpu", value]]}


def _closed(batch_of: MakeBatch, samples: list[Sample]) -> dict[str, Any]:
    fold = Outputs()
    fold.add(batch_of(samples))
    return fold.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    outputs=st.lists(st.lists(st.one_of(ADDITIVE, COMPLETE, ANYTHING), max_size=4), max_size=40),
    shards=st.integers(1, 4),
)
def test_any_split_shows_the_same_as_the_whole(batch_of: MakeBatch, outputs: list[list[Any]], shards: int) -> None:
    """Outputs merged from shards in any order are those of the whole load."""
    samples = [_sample(number, *given) for number, given in enumerate(outputs)]
    merged = Outputs()
    for shard in reversed(range(shards)):
        part = Outputs()
        part.add(batch_of(samples[shard::shards]))
        merged.merge(part)

    assert _rounded(merged.close()) == _rounded(_closed(batch_of, samples))


def _rounded(closed: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the order of adding floats may change."""
    for chart in closed["additive"]:
        for series in chart["series"]:
            series["mean"] = pytest.approx(series["mean"], rel=1e-6, abs=1e-6)
    return closed


def test_a_split_long_load_keeps_the_same_points(batch_of: MakeBatch) -> None:
    """The points that are kept do not depend on how the load is split."""
    samples = [_sample(number, _line(number % 7)) for number in range(5 * MOST_POINTS)]
    merged = Outputs()
    for part in (samples[::3], samples[1::3], samples[2::3]):
        fold = Outputs()
        fold.add(batch_of(part))
        merged.merge(fold)

    assert merged.close() == _closed(batch_of, samples)


def test_a_long_load_has_points_of_every_nth_iteration_and_figures_of_all(batch_of: MakeBatch) -> None:
    """After 5,000 iterations a chart has every eighth as a point, and figures of all."""
    samples = [_sample(number, _line(number)) for number in range(5 * MOST_POINTS)]

    (chart,) = _closed(batch_of, samples)["additive"]
    (series,) = chart["series"]

    assert chart["every"] == 8
    assert series["iterations"] == series["values"] == list(range(0, 5 * MOST_POINTS, 8))
    assert (series["count"], series["min"], series["max"], series["mean"]) == (5000, 0, 4999, 2499.5)


def test_complete_outputs_are_of_the_first_iterations_and_the_rest_is_counted(batch_of: MakeBatch) -> None:
    """Complete outputs of twenty iterations are kept, and the others are counted."""
    text = {"kind": "complete", "title": "log", "chart_plugin": "TextArea", "data": ["line"]}
    samples = [_sample(number, text) for number in reversed(range(MOST_COMPLETE + 5))]

    closed = _closed(batch_of, samples)

    assert [one["iteration"] for one in closed["complete"]] == list(range(MOST_COMPLETE))
    assert closed["complete_left_out"] == 5


def test_names_without_end_are_kept_in_bounds_and_the_rest_is_counted(batch_of: MakeBatch) -> None:
    """The numbers of titles, names and complaints are limited, and what is kept is complete."""

    def outputs(number: int) -> list[dict[str, Any]]:
        data = [[f"name {number}", 1], [f"name {number % 3}", 1]]
        return [
            _line(number, title=f"title {number}"),
            {**_line(number, title="steady", plugin="Pie"), "data": data},
            _line(number, plugin=f"plugin {number}"),
        ]

    samples = [_sample(number, *outputs(number)) for number in range(500)]
    merged = Outputs()
    for part in (samples[1::2], samples[::2]):
        fold = Outputs()
        fold.add(batch_of(part))
        assert len(fold._charts) <= MOST_CHARTS
        assert len(fold._bad) <= MOST_COMPLAINTS
        assert max(len(chart.series) for chart in fold._charts.values()) <= MOST_SERIES
        merged.merge(fold)

    closed = merged.close()
    assert closed == _closed(batch_of, samples)
    assert len(closed["additive"]) == MOST_CHARTS
    counts = [series["count"] for chart in closed["additive"] for series in chart["series"]]
    left_out = closed["charts_left_out"] + sum(chart["series_left_out"] for chart in closed["additive"])
    assert closed["charts_left_out"] >= 501 - MOST_CHARTS
    assert sum(one["count"] for one in closed["bad"]) + closed["bad_left_out"] == 500
    steady = [chart for chart in closed["additive"] if chart["title"] == "steady"]
    assert sum(counts) + left_out == 1000 + 500 * bool(steady)
    assert all(len(chart["series"]) == MOST_SERIES for chart in steady)
    assert {series["count"] for chart in steady for series in chart["series"]} <= {1, 167, 168}


def test_a_warm_up_shows_nothing(batch_of: MakeBatch) -> None:
    """Outputs of the warm-up are in no chart."""
    assert _closed(batch_of, [_sample(0, _line(1), state=State.WARM_UP)])["additive"] == []


def test_charts_of_one_title_in_an_iteration_stay_apart(batch_of: MakeBatch) -> None:
    """Two outputs of an iteration with the same title and chart are two charts."""
    closed = _closed(batch_of, [_sample(number, _line(1), _line(5)) for number in range(3)])

    assert [chart["series"][0]["mean"] for chart in closed["additive"]] == [1, 5]


def test_what_an_iteration_adds_is_what_is_shown(batch_of: MakeBatch) -> None:
    """An output of `add_output` is shown with its texts."""
    iteration = Iteration(0, lambda: 0.0)
    iteration.add_output(
        additive={"title": "t", "chart_plugin": "Pie", "data": [["a", 2]], "description": "d", "label": "l"}
    )

    (chart,) = _closed(batch_of, [_sample(0, *iteration.outputs)])["additive"]

    assert (chart["title"], chart["description"], chart["label"], chart["axis_label"]) == ("t", "d", "l", "")


@pytest.mark.parametrize(
    ("kind", "output", "what"),
    [
        ("additive", [], "must be a mapping"),
        ("both", {}, "additive or complete"),
        ("additive", {"title": "t", "chart_plugin": "Pie"}, "no `data`"),
        ("additive", {"title": 1, "chart_plugin": "Pie", "data": []}, "`title` that is int"),
        ("additive", {"title": "t", "chart_plugin": "Pie", "data": [], "colour": "red"}, "`colour`"),
        ("additive", {"title": "t", "chart_plugin": "Table", "data": {}}, "unknown; known: Lines, Pie"),
        ("additive", {"title": "t", "chart_plugin": "Lines", "data": [["a", "1"]]}, "[[name, number], ...]"),
        ("additive", {"title": "t", "chart_plugin": "Lines", "data": {"a": 1}}, "[[name, number], ...]"),
        ("complete", {"title": "t", "chart_plugin": "Lines", "data": [["a", 1]]}, "[[name, [[x, y], ...]], ...]"),
        ("complete", {"title": "t", "chart_plugin": "Lines", "data": [["a", [[1]]]]}, "[[name, [[x, y], ...]], ...]"),
        ("complete", {"title": "t", "chart_plugin": "Table", "data": {"cols": []}}, "{cols: [...]"),
        ("complete", {"title": "t", "chart_plugin": "TextArea", "data": "text"}, "a list of texts"),
        ("complete", {"title": "t", "chart_plugin": "OSProfiler", "data": {}}, "`trace_id`"),
        ("complete", {"title": "t", "chart_plugin": "EmbeddedChart", "data": []}, "a text"),
    ],
)
def test_a_bad_output_is_told_what_is_wrong(kind: str, output: Any, what: str) -> None:
    """The complaint names the wrong key or form."""
    assert what in str(complain(kind, output))


def test_bad_outputs_are_counted_and_good_ones_shown(batch_of: MakeBatch) -> None:
    """Invalid outputs are counted with their first iteration, and valid ones are shown."""
    bad = {"kind": "additive", "title": "t", "chart_plugin": "Bars", "data": []}

    closed = _closed(batch_of, [_sample(number, bad, _line(1)) for number in (4, 2, 9)])

    assert [(one["count"], one["iteration"]) for one in closed["bad"]] == [(3, 2)]
    assert closed["additive"][0]["series"][0]["count"] == 3
