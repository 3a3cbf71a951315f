"""A start is waited for as long as something moves, and no longer."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from rallycross.deployment.embedded.on_host import movement
from rallycross.deployment.embedded.on_host.movement import Movement


class Clock:
    """Time that passes when it is told to, and what programs have used of the processor."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.used: dict[int, float] = {}

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(movement, "time", clock)
    monkeypatch.setattr(movement, "processor_seconds", lambda groups: {group: clock.used[group] for group in groups})
    return clock


def until_given_up(moves: Movement, clock: Clock, lives: Iterator[float], missing: list[str]) -> tuple[float, str]:
    """Look every ten seconds; return when it was given up, and with which words."""
    began = clock.now
    for used in lives:
        clock.used[7] = used
        if said := moves.look(missing, {"neutron-api": 7}):
            return clock.now - began, said
        clock.now += 10
    return clock.now - began, ""


def test_what_loads_slowly_is_waited_for(clock: Clock) -> None:
    """A program that uses a tenth of a processor is waited for far beyond the patience."""
    lives = (number * 1.0 for number in range(100))

    assert until_given_up(Movement(120, 3600), clock, lives, ["neutron-api does not answer"]) == (1000, "")


def test_what_stands_still_is_given_up(clock: Clock) -> None:
    """A program that has stopped moving is given up after the patience, and the message says how long and what."""
    lives = iter([1.0, 2.0, *[2.4] * 100])

    after, said = until_given_up(Movement(120, 3600), clock, lives, ["neutron-api does not answer"])

    assert (after, said) == (
        140,
        "not up after 140 s, without progress for 130 s: neutron-api does not answer",
    )


def test_what_dies_again_and_again_does_not_move(clock: Clock) -> None:
    """Lives that each come as far as the one before are no progress, nor is what comes and goes."""
    lives = (number % 4 for number in range(100))

    assert until_given_up(Movement(120, 3600), clock, lives, ["neutron-api is BACKOFF"])[0] == 160


def test_nothing_is_waited_for_without_end(clock: Clock) -> None:
    """What moves for ever is given up at the limit, which the message names."""
    lives = (number * 10.0 for number in range(1000))

    after, said = until_given_up(Movement(120, 600), clock, lives, ["x"])

    assert (after, said) == (610, "not up after 610 s, the limit: x")


def test_each_that_comes_up_is_a_movement(clock: Clock) -> None:
    """While one after another comes up, the rest is waited for, whatever it uses of the processor."""
    moves = Movement(120, 3600)
    for missing in (["a", "b", "c"], ["a", "b"], ["a"]):
        assert moves.look(missing, {}) == ""
        clock.now += 100
    assert moves.look(["a", "b"], {}) == ""  # came, and went
    clock.now += 100
    assert "without progress for 200 s" in moves.look(["a"], {})


def test_it_is_said_what_is_waited_for(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Every half a minute a line names what is missing."""
    until_given_up(Movement(120, 3600), clock, iter([0.0] * 8), ["the database"])

    assert capsys.readouterr().out == ("still waiting after 40 s: the database\n")


def test_the_work_of_a_whole_group_counts() -> None:
    """What a program's children use of the processor is counted with it, until and after they have ended."""
    child = f"{sys.executable} -c 'sum(range(30_000_000))'"
    with subprocess.Popen(
        ["sh", "-c", f"{child}; echo; exec sleep 60"], process_group=0, stdout=subprocess.PIPE
    ) as made:
        assert made.stdout is not None
        made.stdout.readline()
        used = movement.processor_seconds({made.pid, 1 << 30})
        made.kill()

    assert used[made.pid] > 0.1
    assert used[1 << 30] == 0
