"""Calling a function in parallel."""

import threading

import pytest

from rallycross.cloud.parallel import in_parallel
from rallycross.cloud.retrying import given_up


def test_results_have_the_order_of_what_they_are_of() -> None:
    """Results are in the order of the items, not of the ends of the calls."""
    later = threading.Event()

    def call(number: int) -> int:
        if number == 0:
            assert later.wait(60)
        later.set()
        return number * 2

    assert in_parallel(call, range(5)) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("fails", [0, 1, 4])
def test_a_failure_ends_the_waiting_of_all_others(fails: int) -> None:
    """A failed call ends the retries of all others at once, and its error is raised."""
    told, all_begun = [], threading.Barrier(5)

    def call(number: int) -> None:
        all_begun.wait(60)
        if number == fails:
            raise ValueError(number)
        over = given_up.get()
        assert over is not None
        told.append(over.wait(60))

    with pytest.raises(ValueError, match=str(fails)):
        in_parallel(call, range(5))
    assert told == [True] * 4
