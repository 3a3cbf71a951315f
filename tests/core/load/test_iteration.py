"""Actions and pauses of an iteration."""

import asyncio
import time

import pytest
from virtual_time import run_virtually

from rallycross.load.iteration import Iteration, TooMany


def test_actions_nest_and_keep_their_order() -> None:
    """A nested action is one level deeper; actions are in order of start, with their own times."""

    async def main() -> Iteration:
        iteration = Iteration(0, asyncio.get_running_loop().time)
        with iteration.action("outer"):
            await asyncio.sleep(1)
            with iteration.action("inner"):
                await asyncio.sleep(2)
        with iteration.action("next"):
            await asyncio.sleep(4)
        return iteration

    actions = run_virtually(main()).actions
    assert [(action.name, action.depth) for action in actions] == [("outer", 0), ("inner", 1), ("next", 0)]
    assert [action.duration for action in actions] == pytest.approx([3, 2, 4])


def test_actions_side_by_side_are_not_inside_each_other() -> None:
    """Parallel actions of an iteration have the depth at which they were started."""

    async def main() -> Iteration:
        iteration = Iteration(0, asyncio.get_running_loop().time)

        async def part(name: str) -> None:
            with iteration.action(name):
                await asyncio.sleep(1)

        with iteration.action("both"):
            await asyncio.gather(part("left"), part("right"))
        return iteration

    actions = run_virtually(main()).actions
    assert [(action.name, action.depth) for action in actions] == [("both", 0), ("left", 1), ("right", 1)]


def test_an_action_that_raises_has_failed() -> None:
    """An error marks its action as failed, and the next action has the right depth."""
    iteration = Iteration(0, lambda: 0.0)
    with pytest.raises(KeyError), iteration.action("bad"):
        raise KeyError
    with iteration.action("good"):
        pass
    assert [(action.failed, action.depth) for action in iteration.actions] == [(True, 0), (False, 0)]


def test_a_pause_is_idle_time() -> None:
    """What is slept in a pause is added up as idle."""

    async def main() -> Iteration:
        iteration = Iteration(0, asyncio.get_running_loop().time)
        await iteration.pause(3)
        await iteration.pause(4)
        return iteration

    assert run_virtually(main()).idle == pytest.approx(7)


def test_a_plain_function_pauses_by_the_same_call() -> None:
    """On a thread the call itself sleeps."""
    iteration = Iteration(0, time.monotonic)
    began = time.monotonic()
    paused = iteration.pause(0.02)
    assert time.monotonic() - began >= iteration.idle >= 0.02

    async def wait() -> None:
        await paused

    run_virtually(wait())


def test_pauses_side_by_side_are_one() -> None:
    """Overlapping pauses count as one, from the first to the last."""

    async def main() -> Iteration:
        iteration = Iteration(0, asyncio.get_running_loop().time)
        await asyncio.gather(iteration.pause(2), iteration.pause(3))
        await iteration.pause(1)
        return iteration

    assert run_virtually(main()).idle == pytest.approx(4)


def test_an_iteration_without_end_is_cut_short() -> None:
    """The number of actions and outputs is limited; the error names the setting, and what was recorded is kept."""
    iteration = Iteration(0, lambda: 0.0, most=3)
    for _ in range(3):
        with iteration.action("again"):
            iteration.add_output(complete={"title": "again"})
    with pytest.raises(TooMany, match=r"the limit of 3 actions - .* raise RALLYCROSS_ITERATION_LIMIT"):
        iteration.action("again").__enter__()
    with pytest.raises(TooMany, match="the limit of 3 outputs"):
        iteration.add_output(complete={"title": "again"})
    assert (len(iteration.actions), len(iteration.outputs)) == (3, 3)
