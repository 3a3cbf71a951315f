"""Comparing verifications."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from rallycross.judging.verification_comparison import compare, flips
from rallycross.results.models import TestRow, VerificationRow

STATUSES = ("success", "fail", "skip", "xfail", "uxsuccess")


def runs(**tests: list[tuple[str, float] | None]) -> list[tuple[VerificationRow, list[TestRow]]]:
    """Return verifications from each test's statuses and seconds, the oldest first."""
    count = len(next(iter(tests.values())))
    return [
        (
            VerificationRow(uuid=str(number)),
            [
                TestRow(name=name, status=ends[number][0], seconds=ends[number][1])
                for name, ends in tests.items()
                if ends[number] is not None
            ],
        )
        for number in range(count)
    ]


def names(changes: object) -> list[str]:
    """Return the names of changes."""
    return [change.name for change in changes]  # type: ignore[attr-defined]


def test_what_broke_and_what_was_mended_is_told() -> None:
    """A test that passed and now fails is broken; one that failed and now passes is mended."""
    found = compare(
        runs(
            broke=[("success", 1), ("fail", 1)],
            mended=[("fail", 1), ("success", 1)],
            still=[("fail", 1), ("fail", 1)],
            known=[("xfail", 1), ("success", 1)],
            surprising=[("success", 1), ("uxsuccess", 1)],
        )
    )
    assert names(found.broken) == ["broke", "surprising"]
    assert names(found.mended) == ["mended"]
    assert names(found.failing) == ["still"]
    assert found.same == 1


def test_what_got_slower_is_told_by_how_much() -> None:
    """A slower test exceeds both the ratio and the seconds; the worst is first; failed tests have no duration."""
    found = compare(
        runs(
            slow=[("success", 2), ("success", 5)],
            slower=[("success", 2), ("success", 9)],
            tiny=[("success", 0.01), ("success", 0.5)],
            long=[("success", 100), ("success", 110)],
            fast=[("success", 9), ("success", 2)],
            failed=[("fail", 1), ("fail", 9)],
        )
    )
    assert names(found.slower) == ["slower", "slow"]
    assert (found.slower[0].slower_by, found.slower[0].ratio) == (7, 4.5)
    assert names(found.faster) == ["fast"]
    assert found.same == 2


def test_what_goes_to_and_fro_is_flaky_and_nothing_else() -> None:
    """A test that changed more than once is flaky, and neither broken nor mended."""
    found = compare(
        runs(
            flaky=[("success", 1), ("fail", 1), ("success", 1), ("fail", 1)],
            broke=[("success", 1), ("success", 1), ("skip", 0), ("fail", 1)],
        )
    )
    assert names(found.flaky) == ["flaky"]
    assert names(found.broken) == ["broke"]


def test_what_is_new_and_what_is_gone_is_told() -> None:
    """A test that only the last verification has is new; one that it does not have is gone."""
    found = compare(runs(new=[None, ("success", 1)], gone=[("fail", 1), None], both=[("skip", 0), ("success", 1)]))
    assert (found.new, found.gone, found.same) == (("new",), ("gone",), 1)


@given(st.lists(st.lists(st.none() | st.tuples(st.sampled_from(STATUSES), st.floats(0, 100)), min_size=3, max_size=3)))
def test_every_test_is_in_one_list(ends: list[list[tuple[str, float] | None]]) -> None:
    """Each test is in exactly one list, or counted as the same."""
    tests = {f"t{number}": three for number, three in enumerate(ends) if any(three)} or {"t": [("success", 1.0)] * 3}
    found = compare(runs(**tests))
    told = [names(getattr(found, kind)) for kind in ("broken", "mended", "flaky", "slower", "faster", "failing")]
    listed = [*chain.from_iterable(told), *found.new, *found.gone]
    assert len(set(listed)) == len(listed)
    assert len(listed) + found.same == len(tests)


@given(st.lists(st.sampled_from(STATUSES)))
def test_flips_do_not_depend_on_the_direction(statuses: list[str]) -> None:
    """A reversed history has as many changes; skipped tests do not count."""
    assert flips(statuses) == flips(statuses[::-1]) == flips([status for status in statuses if status != "skip"])
