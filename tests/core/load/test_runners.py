"""The arguments of runners, and the loads that they make of them."""

from typing import Any

import pytest

from rallycross.load.load import Load, processes
from rallycross.load.pace import AT_ONCE
from rallycross.load.runners import RUNNERS


def test_constant_is_a_closed_loop() -> None:
    """`constant` runs `times` iterations with `concurrency` workers; a timeout of 0 means no limit."""
    load = RUNNERS["constant"].load({"times": 3, "concurrency": 2, "timeout": 0})
    assert [load.pace(number) for number in range(4)] == [AT_ONCE, AT_ONCE, AT_ONCE, None]
    assert (load.workers, load.timeout, load.total) == (2, None, 3)
    assert RUNNERS["constant"].load({"timeout": 7.5}).timeout == 7.5


def test_serial_takes_what_constant_takes() -> None:
    """`serial` runs one iteration at a time and ignores unknown keys, as in Rally."""
    assert RUNNERS["serial"].validate({"times": 2, "concurrency": 4}) == []
    assert RUNNERS["serial"].load({"times": 2, "concurrency": 4}).workers == 1


@pytest.mark.parametrize(
    ("args", "where", "what"),
    [
        ({"times": 0}, ("times",), "must be 1 or more, not 0"),
        ({"times": True}, ("times",), "must be a whole number, not true"),
        ({"times": 2, "concurrency": 3}, ("concurrency",), "3 at a time is more than the 2 iterations in all"),
        ({"timeout": -1}, ("timeout",), "must be 0 or more, not -1"),
        ({"tmes": 1}, ("tmes",), "unknown key"),
        (None, (), "must be a mapping, not null"),
    ],
)
def test_constant_says_what_is_wrong(args: object, where: tuple[str, ...], what: str) -> None:
    """Each wrong argument of `constant` is one flaw at its place."""
    assert [(flaw.path, flaw.what) for flaw in RUNNERS["constant"].validate(args)] == [(where, what)]


def test_the_ramp_of_rps_has_stages() -> None:
    """A rate from 1 to 4 by 1 every 2 seconds gives the right number of starts in each second, then stays at 4."""
    load = RUNNERS["rps"].load({"times": 30, "rps": {"start": 1, "end": 4, "step": 1, "duration": 2}})
    dues = [load.pace(number) for number in range(30)]
    assert [sum(second <= due < second + 1 for due in dues) for second in range(9)] == [1, 1, 2, 2, 3, 3, 4, 4, 4]
    assert load.pace(30) is None
    assert (load.workers, load.total, load.rate, load.when_busy) == (30, 30, 4, "queue")


def test_arrivals_may_come_in_stages() -> None:
    """A stage is constant or linear, and the load ends with the last stage."""
    stages = [{"rate": 10, "duration": 2}, {"rate": 10, "to": 30, "duration": 1}]
    load = RUNNERS["arrival_rate"].load({"stages": stages, "arrivals": "even", "max_in_flight": 5})
    assert (load.seconds, load.total, load.rate, load.workers, load.when_busy) == (3, 40, 30, 5, "drop")
    assert load.pace(39) is not None
    assert load.pace(40) is None


def test_constant_for_duration_has_rallys_timeout() -> None:
    """Its default timeout is ten minutes; other runners have none."""
    assert RUNNERS["constant_for_duration"].load({"duration": 3}).timeout == 600
    assert RUNNERS["rps"].load({"times": 3, "rps": 1}).timeout is None


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("serial", {}, "once"),
        ("serial", {"times": 3}, "3 times, one after another"),
        ("constant", {"times": 20, "concurrency": 4}, "20 times, 4 at a time"),
        ("constant_for_duration", {"duration": 30, "concurrency": 2}, "for 30 s, 2 at a time"),
        (
            "constant_for_duration",
            {"duration": 30, "think_time": {"min": 1, "max": 2}, "warm_up": 5},
            "for 30 s, 1 at a time, thinking 1 s to 2 s; the first 5 s are a warm-up",
        ),
        ("rps", {"times": 9, "rps": 2.5}, "9 times, at 2.5 a second"),
        (
            "rps",
            {"times": 9, "rps": {"start": 1, "end": 5, "step": 2}, "max_concurrency": 3},
            "9 times, at 1 to 5 a second, 2 more every 1 s, at most 3 at a time",
        ),
        (
            "arrival_rate",
            {"rate": 50, "duration": 10, "max_in_flight": 20},
            "50 a second for 10 s, arriving at random, at most 20 at a time",
        ),
        (
            "arrival_rate",
            {"stages": [{"rate": 5, "to": 9, "duration": 1}, {"rate": 9, "duration": 2}], "arrivals": "even"},
            "5 to 9 a second for 1 s, then 9 a second for 2 s, arriving evenly, at most 1000 at a time",
        ),
        (
            "ramp",
            {"stages": [{"users": 5, "duration": 10}, {"users": 20, "duration": 30}]},
            "5 at a time for 10 s, then 20 at a time for 30 s",
        ),
    ],
)
def test_a_load_is_said_in_words(name: str, args: dict[str, Any], words: str) -> None:
    """Each runner describes its load in a phrase."""
    assert RUNNERS[name].validate(args) == []
    assert RUNNERS[name].describe(args) == words


@pytest.mark.parametrize(
    ("name", "args", "what"),
    [
        ("rps", {"times": 1, "rps": {"start": 5, "end": 2, "step": 1}}, "2 is below `start`, which is 5"),
        ("rps", {"times": 1, "rps": 0}, "must be above 0, not 0"),
        ("arrival_rate", {}, "needs either `rate` with `duration`, or `stages`"),
        ("arrival_rate", {"rate": 3}, "lacks the key 'duration'"),
        ("arrival_rate", {"stages": [{"rate": 1, "duration": 1}], "duration": 1}, "cannot be given beside `stages`"),
        ("arrival_rate", {"stages": [{"rate": 0, "duration": 1}]}, "nothing arrives in any stage"),
        ("ramp", {"stages": [{"users": 0, "duration": 1}]}, "no stage has a user"),
        (
            "ramp",
            {"stages": [{"users": 1, "duration": 1}], "think_time": {"min": 2, "max": 1}},
            "1 is below `min`, which is 2",
        ),
    ],
)
def test_contradictions_are_told(name: str, args: dict[str, Any], what: str) -> None:
    """Contradicting arguments are one flaw."""
    assert [flaw.what for flaw in RUNNERS[name].validate(args)] == [what]


@pytest.mark.parametrize(
    ("load", "threads", "cpus", "wanted"),
    [
        (RUNNERS["serial"].load({"times": 100}), False, 8, 1),
        (RUNNERS["constant"].load({"times": 5000, "concurrency": 4000}), False, 8, 4),
        (RUNNERS["constant"].load({"times": 5000, "concurrency": 4000}), False, 2, 2),
        (RUNNERS["constant"].load({"times": 5000, "concurrency": 4000, "max_cpu_count": 1}), False, 8, 1),
        (RUNNERS["constant"].load({"times": 100, "concurrency": 64}), True, 8, 2),
        (RUNNERS["arrival_rate"].load({"rate": 2000, "duration": 1}), False, 8, 1),
        (RUNNERS["arrival_rate"].load({"rate": 9000, "duration": 1}), False, 8, 3),
        (RUNNERS["rps"].load({"rate": 1, "times": 2, "rps": 9000}), False, 8, 2),
    ],
)
def test_a_load_gets_as_many_processes_as_it_needs(load: Load, threads: bool, cpus: int, wanted: int) -> None:
    """A load gets more than one process only if one would be the bottleneck, within the limits."""
    assert processes(load, threads=threads, cpus=cpus) == wanted
