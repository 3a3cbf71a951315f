"""Scenarios that need no cloud, for trying runners, SLA, hooks and reports."""

import asyncio
import random
from typing import Annotated, Any

from rallycross.load.iteration import Iteration
from rallycross.scenario.arguments import Argument, Seconds
from rallycross.scenario.scenario import scenario
from rallycross.scenario.user import User
from rallycross.task.bounds import MESSAGE

Count = Annotated[int, Argument({"type": "integer", "minimum": 1})]
Message = Annotated[int, Argument({"type": "integer", "minimum": 1, "maximum": MESSAGE})]
Probability = Annotated[float, Argument({"type": "number", "minimum": 0, "maximum": 1})]

_TEXT = "A paragraph that is as long as the last lines of a log, to show how the report breaks long texts. "


class DummyScenarioException(Exception):  # noqa: N818 - reports and scripts know it by Rally's name
    """The exception that a dummy scenario raises on request."""


@scenario("Dummy.dummy")
async def dummy(iteration: Iteration, sleep: Seconds = 0, **_: Any) -> None:
    """Sleep in an action within an action."""
    await _foo(iteration, sleep)


@scenario("Dummy.openstack")
async def openstack(user: User, sleep: Seconds = 0, **_: Any) -> None:
    """Sleep, with contexts set up in a cloud."""
    await _foo(user.iteration, sleep)


@scenario("Dummy.dummy_exception")
async def dummy_exception(
    iteration: Iteration,  # noqa: ARG001 - a scenario says by it that it needs no cloud
    size_of_message: Message | None = 1,
    sleep: Seconds = 1,
    message: str = "",
) -> None:
    """Sleep, then fail with a given message, or with a message of a given size."""
    await asyncio.sleep(sleep)
    raise DummyScenarioException(message or "M" * (size_of_message or 1))


@scenario("Dummy.dummy_exception_probability")
async def dummy_exception_probability(
    iteration: Iteration,  # noqa: ARG001 - a scenario says by it that it needs no cloud
    exception_probability: Probability | None = 0.5,
) -> None:
    """Fail with a given probability."""
    if _strikes(exception_probability or 0):
        raise DummyScenarioException(f"failed, as it does with a probability of {exception_probability}")


@scenario("Dummy.dummy_random_fail_in_atomic")
async def dummy_random_fail_in_atomic(iteration: Iteration, exception_probability: float = 0.5) -> None:
    """Fail with a given probability in one of two actions, or in the action within it."""
    # The iteration can fail in four places; with a probability of 1 it fails in the first.
    each = exception_probability if exception_probability == 1 else exception_probability / 4
    for _ in range(2):
        with iteration.action("dummy_fail_test"):
            _fail_by(each)
            with iteration.action("dummy_fail_inner_test"):
                _fail_by(each)


@scenario("Dummy.dummy_random_action")
async def dummy_random_action(
    iteration: Iteration, actions_num: int = 5, sleep_min: Seconds = 0, sleep_max: Seconds = 0
) -> None:
    """Sleep for random times in actions."""
    for number in range(actions_num):
        with iteration.action(f"action_{number}"):
            await asyncio.sleep(random.uniform(sleep_min, sleep_max))  # noqa: S311 - no secret


@scenario("Dummy.dummy_timed_atomic_actions")
async def dummy_timed_atomic_actions(
    iteration: Iteration, number_of_actions: int = 5, sleep_factor: Seconds = 1
) -> None:
    """Sleep in actions, in each longer than in the one before."""
    for number in range(number_of_actions):
        with iteration.action(f"action_{number}"):
            await asyncio.sleep(number * sleep_factor)


@scenario("Dummy.failure")
async def failure(
    iteration: Iteration, sleep: Seconds = 0.1, from_iteration: int = 0, to_iteration: int = 0, each: int = 1
) -> None:
    """Sleep, then fail in every `each`th iteration from `from_iteration` to `to_iteration`, counted from 1."""
    await asyncio.sleep(sleep)
    number = iteration.number + 1
    if from_iteration <= number <= to_iteration and each and number % each == 0:
        raise DummyScenarioException(f"iteration {number} failed as requested")


@scenario("Dummy.dummy_output")
async def dummy_output(iteration: Iteration, random_range: Count = 25) -> None:
    """Show random figures in charts of each kind."""

    def figures(*names: str) -> list[list[Any]]:
        return [[name, random.randint(1, random_range)] for name in names]  # noqa: S311 - no secret

    def curve(points: int) -> list[list[int]]:
        return [[x, random.randint(1, random_range)] for x in range(points)]  # noqa: S311 - no secret

    def chart(kind: str, title: str, data: Any, **more: str) -> dict[str, Any]:
        return {"chart_plugin": kind, "title": title, "data": data, **more}

    about = "The description of a chart"
    stats = chart("StatsTable", "Additive StatsTable", figures("foo", "bar", "spam"), description=about)
    areas = chart("StackedArea", "Additive StackedArea", figures("foo", "bar", "spam", "eggs"), label="foos")
    lines = chart("Lines", "Additive Lines", figures("foo", "bar", "spam"), description=about, label="bars")
    shares = chart("Pie", "Additive Pie", figures("foo", "bar", "spam"), description=about)
    for additive in (stats, areas, lines, shares):
        iteration.add_output(additive=additive)

    labels = {"description": about, "label": "foos", "axis_label": "bars"}
    table = {"cols": ["", "foo", "bar", "spam"], "rows": [[name, *_second(figures(*"abc"))] for name in ("mu", "nu")]}
    for complete in (
        chart("Lines", "Complete Lines", [[name, curve(8)] for name in ("foo", "bar", "spam")], **labels),
        chart("StackedArea", "Complete StackedArea", [[name, curve(50)] for name in ("foo", "bar")], **labels),
        chart("Pie", "Complete Pie", figures("foo", "bar", "spam", "eggs")),
        chart("Table", "Complete Table", table, description=about),
        chart("TextArea", "Complete TextArea", [_TEXT * 4] * 3),
    ):
        iteration.add_output(complete=complete)


async def _foo(iteration: Iteration, sleep: float) -> None:
    with iteration.action("foo"), iteration.action("bar"):
        if sleep:  # without a sleep, do not yield to the event loop either
            await asyncio.sleep(sleep)


def _strikes(probability: float) -> bool:
    return random.random() < probability  # noqa: S311 - no secret


def _fail_by(probability: float) -> None:
    if _strikes(probability):
        raise KeyError("failed at random")


def _second(pairs: list[list[Any]]) -> list[Any]:
    return [value for _, value in pairs]
