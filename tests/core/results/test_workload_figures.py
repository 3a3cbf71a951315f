"""The document of a workload's figures is read in every version, with unknown keys and with damage."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from rallycross.results.workload_figures import (
    ActionFigures,
    Course,
    FailureGroup,
    WorkloadFigures,
    from_document,
    to_document,
)

_DURATIONS = {"min": 1.0, "p50": 1.5, "p90": 2.0, "p95": 2.0, "p99": 2.5, "max": 3.0, "avg": 1.6, "std": 0.5}
_FAILURE = {
    "kind": "Http",
    "message": "answered 500",
    "count": 1,
    "first": 2.5,
    "last": 2.5,
    "iteration": 3,
    "example": "answered 500",
    "detail": "",
    "request_id": "req-1",
}
# What was written before the engine had schedules, percentiles of the service time and courses of actions.
FIRST: dict[str, Any] = {
    "count": 4,
    "failed": 1,
    "seconds": 3.0,
    "throughput": 1.25,
    "throughput_succeeded": 1.0,
    "rows": [
        {"name": "total", "depth": 0, "count": 4, "failed": 1, **_DURATIONS},
        {"name": "nova.boot", "depth": 0, "count": 4, "failed": 0, **_DURATIONS},
    ],
    "failures": [_FAILURE],
    "timeline": {"width": 1, "at": [0, 1], "count": [1, 3], "failed": [0, 1], "mean": [1, None], "p95": [1, None]},
}
_MORE = {**_DURATIONS, "p99.9": 2.9, "p99.99": None}
# What was written before documents had a version.
UNNUMBERED: dict[str, Any] = {
    **FIRST,
    "warm_up": 2,
    "dropped": 1,
    "rows": [{**row, **_MORE} for row in FIRST["rows"]],
    "service": {"name": "service", "depth": 0, "count": 4, "failed": 1, **_MORE},
    "distribution": {"low": 1.0, "high": 3.0, "count": [2, 0, 1]},
    "schedule": {
        "asked": 5,
        "started": 4,
        "dropped": 1,
        "queued": 0,
        "late": 1,
        "asked_rate": 1.0,
        "delivered_rate": None,
        "start_error": {"p50": 0.001, "p99": 0.02, "max": 0.03},
    },
    "timeline": {
        **FIRST["timeline"],
        "p50": [1.0, None],
        "p99": [1.0, None],
        "actions": {
            "width": 1.0,
            "at": [0.0],
            "series": {"nova.boot": {"mean": [1.0], "p50": [1.0], "p95": [1.0]}},
        },
    },
    "stood": {"count": 1, "slowest": [3]},
}


def _read(document: Any) -> WorkloadFigures:
    figures, damage = from_document(document)
    assert damage == []
    assert figures is not None
    return figures


def test_the_first_documents_are_read() -> None:
    """Documents of the first version have their figures; figures of later versions are None or 0."""
    figures = _read(FIRST)

    assert (figures.count, figures.failed, figures.throughput, figures.warm_up) == (4, 1, 1.25, 0)
    assert (figures.service, figures.schedule, figures.distribution, figures.stood) == (None, None, None, None)
    assert figures.total == ActionFigures("total", 4, 1, **_DURATIONS)
    assert [(one.name, one.p95, one.p99_9) for one in figures.actions] == [("nova.boot", 2.0, None)]
    assert figures.timeline == Course(1, (0, 1), (1, 3), (0, 1), mean=(1, None), p95=(1, None))
    assert figures.failures == (FailureGroup(**_FAILURE),)


@pytest.mark.parametrize("document", [{}, {"count": 1}, {"count": 1, "rows": []}, {"rows": None}])
def test_documents_of_next_to_nothing_are_read(document: dict[str, Any]) -> None:
    """Missing figures are 0, None or empty."""
    figures = _read(document)

    assert (figures.count, figures.total, figures.actions, figures.timeline) == (
        document.get("count", 0),
        None,
        (),
        None,
    )


def test_documents_without_a_version_are_written_again_as_they_were() -> None:
    """Nothing is lost when they are written again, with a version."""
    assert to_document(_read(UNNUMBERED)) == {"version": 2, **UNNUMBERED}


def test_what_a_later_version_has_is_kept() -> None:
    """Unknown keys are kept at any depth, and the rest is read."""
    later = copy.deepcopy(UNNUMBERED)
    objects = [node for _, node in _nodes(later) if isinstance(node, dict)]
    for number, node in enumerate(one for one in objects if one is not later["timeline"]["actions"]["series"]):
        node[f"new {number}"] = {"of": [number]}

    assert to_document(_read({**later, "version": 3})) == {**later, "version": 2}
    assert _read(later).schedule is not None


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("rows", 1, "p95"), "2 s", "statistics.rows[1].p95 is '2 s', not a number"),
        (("rows", 1, "count"), None, "statistics.rows[1].count is null, not a whole number"),
        (("rows", 0), [], "statistics.rows[0] is [], not an object"),
        (("rows",), {}, "statistics.rows is not a list"),
        (("seconds",), True, "statistics.seconds is true, not a number"),
        (("count",), 1.5, "statistics.count is 1.5, not a whole number"),
        (("failures",), "none", "statistics.failures is 'none', not a list"),
        (("failures", 0, "message"), 7, "statistics.failures[0].message is 7, not a text"),
        (("schedule", "start_error"), None, "statistics.schedule.start_error is null, not an object"),
        (("distribution", "count"), [], "statistics.distribution: there are no bars, or they have no width"),
        (("timeline", "p50"), [1.0], "statistics.timeline: its columns differ in length"),
        (("timeline", "width"), 0, "statistics.timeline: its steps have no width"),
        (("timeline", "p50", 1), float("nan"), "statistics.timeline.p50[1] is nan, not a number"),
        (("timeline", "actions", "series", "nova.boot", "p95"), 1, "statistics.timeline.actions.series.nova.boot.p95"),
        (("stood", "count"), 10**400, "statistics.stood.count is 1000"),
        (("throughput_succeeded",), -1e308, "statistics.throughput_succeeded is -1e+308, not a number"),
        (("rows", 0, "new"), [float("nan")], "statistics.rows[0].new is not JSON"),
    ],
)
def test_damage_is_told_by_its_place(path: tuple[Any, ...], value: Any, told: str) -> None:
    """The message has the wrong value and the expected type; everything else is read if possible."""
    figures, [damage] = from_document(_with(UNNUMBERED, path, value))

    assert damage.startswith(told)
    if path[0] in {"seconds", "count"}:
        assert figures is None
    else:
        assert figures is not None
        assert figures.throughput == 1.25


@pytest.mark.parametrize("whole", [None, "text", 7, [], [UNNUMBERED]])
def test_what_is_no_document_is_told(whole: Any) -> None:
    """Anything but an object has no figures, and one complaint."""
    figures, damage = from_document(whole)

    assert figures is None
    assert len(damage) == 1
    assert damage[0].endswith("not an object")


_JUNK = (None, True, -1, 0.5, 10**400, float("inf"), float("nan"), 1e308, "x", [], ["x"], [None], {}, {"x": 1})


def test_whatever_stands_anywhere_is_read_or_told() -> None:
    """With any value replaced or missing, reading ends, and each difference is reported or left out."""
    whole = _read(UNNUMBERED)
    for path, node in _nodes(UNNUMBERED):
        for value in _JUNK:
            figures, damage = from_document(_with(UNNUMBERED, path, value))
            assert damage or figures is not None
            if figures is not None:
                json.dumps(to_document(figures), allow_nan=False)
                assert damage or figures != whole or value == node
        figures, damage = from_document(_without(UNNUMBERED, path))
        assert damage or figures is not None


def _nodes(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield each value in a document with its path."""
    if path:
        yield path, node
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, one in inner:
        yield from _nodes(one, (*path, name))


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    node = changed
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    return changed


def _without(document: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(document)
    node = changed
    for name in path[:-1]:
        node = node[name]
    del node[path[-1]]
    return changed
