"""Triggers: what may be written, and the moments that it means."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallycross.load_hooks.trigger import TRIGGERS, Iterations

_UNITS = st.sampled_from(["iteration", "time"])


@given(unit=_UNITS, at=st.lists(st.integers(1, 10_000), min_size=1, unique=True))
def test_an_event_happens_at_each_of_its_moments(unit: str, at: list[int]) -> None:
    """`event` is valid with any distinct moments, and means just those, in order."""
    args = {"unit": unit, "at": at}
    assert TRIGGERS["event"].validate(args) == []
    moments = TRIGGERS["event"].moments(args)
    assert (moments.unit, list(moments.values)) == (unit, sorted(at))


@given(
    unit=_UNITS,
    step=st.integers(1, 50),
    start=st.none() | st.integers(1, 200),
    end=st.none() | st.integers(1, 200),
)
def test_a_period_is_counted_from_its_start(unit: str, step: int, start: int | None, end: int | None) -> None:
    """`periodic` means each `step`-th moment from `start` (the first there is) to `end`, included (else for ever)."""
    args: dict[str, Any] = {"unit": unit, "step": step}
    args |= {name: value for name, value in (("start", start), ("end", end)) if value is not None}
    assert TRIGGERS["periodic"].validate(args) == []
    moments = TRIGGERS["periodic"].moments(args)
    first = start if start is not None else {"iteration": 1, "time": 0}[unit]
    for moment in range(300):
        due = first <= moment and (end is None or moment <= end) and (moment - first) % step == 0
        assert (moment in moments.values) == due


@pytest.mark.parametrize(
    ("trigger", "args", "path", "what"),
    [
        ("event", {"unit": "iteration", "at": [3, 0]}, ("at", 1), "must be 1 or more, not 0"),
        ("event", {"unit": "time", "at": [-1]}, ("at", 0), "must be 0 or more, not -1"),
        ("event", {"unit": "time", "at": []}, ("at",), "must have 1 or more items"),
        ("event", {"unit": "second", "at": [1]}, ("unit",), "must be 'iteration' or 'time', not 'second'"),
        ("event", {"unit": "time"}, (), "lacks the key 'at'"),
        ("event", None, (), "must be a mapping, not null"),
        ("periodic", {"unit": "time"}, (), "lacks the key 'step'"),
        ("periodic", {"unit": "iteration", "step": 1, "start": 0}, ("start",), "must be 1 or more, not 0"),
        ("periodic", {"unit": "time", "step": 0}, ("step",), "must be 1 or more, not 0"),
        ("periodic", {"unit": "time", "step": 1, "at": [1]}, ("at",), "unknown key"),
    ],
)
def test_what_rally_refuses_is_refused(trigger: str, args: Any, path: tuple[Any, ...], what: str) -> None:
    """Each bad argument is told with its place: iterations are counted from 1, seconds from 0."""
    assert (path, what) in [(flaw.path, flaw.what) for flaw in TRIGGERS[trigger].validate(args)]


def test_the_iterations_of_several_hooks_are_one_question() -> None:
    """Hooks want to be told of the union of their iterations, also in another process, and not of seconds."""
    iterations = Iterations.of(
        [
            TRIGGERS["event"].moments({"unit": "iteration", "at": [7, 2]}),
            TRIGGERS["periodic"].moments({"unit": "iteration", "step": 100, "start": 50}),
            TRIGGERS["event"].moments({"unit": "time", "at": [3]}),
        ]
    )
    there = pickle.loads(pickle.dumps(iterations))
    assert [number for number in range(300) if number in there] == [2, 7, 50, 150, 250]
    assert there
    assert not Iterations.of([TRIGGERS["event"].moments({"unit": "time", "at": [3]})])
