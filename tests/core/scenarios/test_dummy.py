"""The dummy scenarios: what they time, when they fail, what they show."""

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from acting import iterate
from virtual_time import run_virtually

from rallycross.catalogue import known
from rallycross.cloud.cloud import Cloud
from rallycross.cloud.context_data import ContextData
from rallycross.load.iteration import Iteration
from rallycross.scenario.scenario import SCENARIOS, scenario
from rallycross.scenario.user import User
from rallycross.scenarios.dummy import DummyScenarioException
from rallycross.task.file import load

RALLYS_OUTPUTS = {
    ("additive", "StatsTable"),
    ("additive", "StackedArea"),
    ("additive", "Lines"),
    ("additive", "Pie"),
    ("complete", "Lines"),
    ("complete", "StackedArea"),
    ("complete", "TextArea"),
    ("complete", "Pie"),
    ("complete", "Table"),
}


def run(name: str, number: int = 0, **args: Any) -> Iteration:
    """Run one iteration in virtual time; what it raises is raised."""

    async def main() -> Iteration:
        iteration = Iteration(number, asyncio.get_running_loop().time)
        await SCENARIOS[name].function(iteration, **args)
        return iteration

    return run_virtually(main())


def fails(name: str, number: int = 0, **args: Any) -> bool:
    """Tell whether an iteration fails in the way of dummies."""
    try:
        run(name, number, **args)
    except (DummyScenarioException, KeyError):
        return True
    return False


def timed(iteration: Iteration) -> list[tuple[str, int, float]]:
    """Return the name, depth and seconds of what was timed."""
    return [(action.name, action.depth, round(action.duration, 6)) for action in iteration.actions]


def test_a_dummy_sleeps_in_two_actions() -> None:
    """`sleep` is work, not a pause, and is timed as Rally's `bar` within `foo`."""
    iteration = run("Dummy.dummy", sleep=2, anything="else")
    assert timed(iteration) == [("foo", 0, 2.0), ("bar", 1, 2.0)]
    assert iteration.idle == 0


def test_a_dummy_as_a_plain_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain function runs on a thread and times the same actions as an async one."""
    monkeypatch.setattr(SCENARIOS, "_found", {})

    @scenario("Dummy.plain")
    def plain(iteration: Iteration, sleep: float = 0) -> None:
        """Sleep on a thread."""
        with iteration.action("foo"), iteration.action("bar"):
            time.sleep(sleep)

    monkeypatch.setitem(SCENARIOS.all, "Dummy.plain", SCENARIOS._found["Dummy.plain"])
    assert SCENARIOS["Dummy.plain"].blocking
    assert not SCENARIOS["Dummy.dummy"].blocking
    iteration = iterate("Dummy.plain", sleep=0.05)
    assert [(action.name, action.depth) for action in iteration.actions] == [("foo", 0), ("bar", 1)]
    assert all(action.duration >= 0.05 for action in iteration.actions)


def test_a_dummy_on_a_cloud_needs_users() -> None:
    """`Dummy.openstack` does the same as a user, with contexts."""
    signature = SCENARIOS["Dummy.openstack"].signature
    assert (signature.actors, signature.contexts) == (frozenset({"user"}), {"users": {}})

    async def main() -> Iteration:
        iteration = Iteration(0, asyncio.get_running_loop().time)
        user = User(None, iteration, "w", context_data=ContextData(Cloud("c", {})))  # type: ignore[arg-type]
        await SCENARIOS["Dummy.openstack"].function(user, sleep=1)
        return iteration

    assert timed(run_virtually(main())) == [("foo", 0, 1.0), ("bar", 1, 1.0)]


def test_actions_sleep_longer_and_longer() -> None:
    """Action n of `dummy_timed_atomic_actions` takes n times the factor."""
    iteration = run("Dummy.dummy_timed_atomic_actions", number_of_actions=3, sleep_factor=0.5)
    assert timed(iteration) == [("action_0", 0, 0), ("action_1", 0, 0.5), ("action_2", 0, 1.0)]


def test_random_actions_stay_within_their_bounds() -> None:
    """The requested number of actions run, each within the bounds."""
    iteration = run("Dummy.dummy_random_action", actions_num=20, sleep_min=1, sleep_max=2)
    assert [action.name for action in iteration.actions] == [f"action_{number}" for number in range(20)]
    assert all(1 <= action.duration <= 2 for action in iteration.actions)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"message": "so be it"}, "so be it"),
        ({"size_of_message": 7}, "MMMMMMM"),
        ({}, "M"),
        ({"size_of_message": None}, "M"),
    ],
)
def test_an_exception_has_the_message_or_the_size(args: dict[str, Any], message: str) -> None:
    """The exception has the given message, or a message of the given length."""
    with pytest.raises(DummyScenarioException) as caught:
        run("Dummy.dummy_exception", **args)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["Dummy.dummy_exception_probability", "Dummy.dummy_random_fail_in_atomic"])
def test_a_probability_is_kept(name: str) -> None:
    """Of a thousand iterations none fails at 0, all fail at 1, and some at 0.5."""
    assert not any(fails(name, exception_probability=0) for _ in range(100))
    assert all(fails(name, exception_probability=1) for _ in range(100))
    assert 250 < Counter(fails(name, exception_probability=0.5) for _ in range(1000))[True] < 650


def test_a_failure_within_an_action_fails_it() -> None:
    """The failing action is marked, and no later one begins."""
    iteration = Iteration(0, lambda: 0.0)
    with pytest.raises(KeyError):
        asyncio.run(SCENARIOS["Dummy.dummy_random_fail_in_atomic"].function(iteration, exception_probability=1))
    assert [(action.name, action.failed) for action in iteration.actions] == [("dummy_fail_test", True)]


@pytest.mark.parametrize(
    ("args", "failing"),
    [
        ({"from_iteration": 2, "to_iteration": 5}, [2, 3, 4, 5]),
        ({"from_iteration": 2, "to_iteration": 9, "each": 3}, [3, 6, 9]),
        ({"from_iteration": 1, "to_iteration": 9, "each": 0}, []),
        ({}, []),
    ],
)
def test_some_iterations_fail_as_told(args: dict[str, int], failing: list[int]) -> None:
    """`failure` fails every `each`th iteration within inclusive bounds, counted from 1."""
    assert [number + 1 for number in range(12) if fails("Dummy.failure", number, **args)] == failing


def test_every_kind_of_chart_is_shown() -> None:
    """`dummy_output` shows Rally's nine charts, with random figures within their range."""
    outputs = run("Dummy.dummy_output", random_range=3).outputs
    assert {(output["kind"], output["chart_plugin"]) for output in outputs} == RALLYS_OUTPUTS
    assert len(outputs) == len(RALLYS_OUTPUTS)
    [stats] = [output for output in outputs if output["chart_plugin"] == "StatsTable"]
    assert all(1 <= value <= 3 for _, value in stats["data"])


@pytest.mark.parametrize(
    ("scenario", "what"),
    [
        ("Dummy.dummy_exception: {size_of_message: 0}", "must be 1 or more"),
        ("Dummy.dummy_exception_probability: {exception_probability: 2}", "must be 1 or less"),
        ("Dummy.failure: {sleeep: 1}", "unknown argument"),
    ],
)
def test_bad_arguments_are_told_before_the_load(scenario: str, what: str) -> None:
    """Invalid arguments of dummy scenarios are errors in the task file."""
    text = f"version: 2\ntitle: t\nsubtasks:\n- title: s\n  scenario: {{{scenario}}}\n"
    with pytest.raises(Exception, match=what):
        load(text, known=known())
