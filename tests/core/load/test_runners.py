"""What runners take, and what they ask of the engine."""

import pytest

from rallycross.load.pace import AT_ONCE
from rallycross.load.runners import RUNNERS


def test_constant_is_a_closed_loop() -> None:
    """`constant` runs `times` iterations at once with `concurrency` workers; a timeout of 0 is none."""
    load = RUNNERS["constant"].load({"times": 3, "concurrency": 2, "timeout": 0})
    assert [load.pace(number) for number in range(4)] == [AT_ONCE, AT_ONCE, AT_ONCE, None]
    assert (load.workers, load.timeout, load.total) == (2, None, 3)
    assert RUNNERS["constant"].load({"timeout": 7.5}).timeout == 7.5


def test_serial_takes_what_constant_takes() -> None:
    """`serial` runs one at a time and accepts any further key, as in Rally."""
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
