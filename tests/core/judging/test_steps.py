"""Steps along an axis: few for any length, and independent of the order and grouping of additions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rallycross.judging.steps import Steps

WIDTHS = (1, 2, 10, 50, 1000)
MOST = 5


def _seen(steps: Steps) -> object:
    counted = {at: (len(one), one.total, one.squares) for at, one in steps.at_width(steps.width).items()}
    return steps.width, counted


def _steps(values: list[tuple[int, int]]) -> Steps:
    made = Steps(WIDTHS, MOST)
    made.add(np.array([place for place, _ in values], np.int64), np.array([one for _, one in values], np.int64))
    return made


values = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 10**12)), max_size=40)


@given(values, st.data())
def test_parts_in_any_order_merge_to_the_whole(whole: list[tuple[int, int]], data: st.DataObject) -> None:
    """The width is the smallest that fits the whole, and each step has its durations."""
    shuffled = data.draw(st.permutations(whole))
    cut = data.draw(st.integers(0, len(whole)))
    merged = _steps(shuffled[cut:])
    merged.merge(_steps(shuffled[:cut]))
    greatest = max((place for place, _ in whole), default=0)
    width, counted = _seen(_steps(whole))

    assert _seen(merged) == (width, counted)
    assert width == next(one for one in WIDTHS if greatest // one < MOST)
    assert set(counted) == {place // width for place, _ in whole}


@given(values)
def test_what_is_asked_for_in_wider_steps_changes_nothing(whole: list[tuple[int, int]]) -> None:
    """Reading wider steps does not change the steps."""
    steps = _steps(whole)
    before = _seen(steps)
    wide = steps.at_width(1000)

    assert _seen(steps) == before
    assert sum(len(one) for one in wide.values()) == len(whole)
