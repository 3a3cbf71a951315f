"""Compares verifications: broken, fixed, slower and flaky tests."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from rallycross.results.models import TestRow, VerificationRow
from rallycross.verification.test import FAILED, PASSED

SLOWER_SECONDS = 1.0  # a smaller difference cannot be distinguished from noise
SLOWER_RATIO = 1.5


@dataclass(frozen=True)
class Change:
    """One test in the compared verifications, the oldest first."""

    name: str
    statuses: tuple[str, ...]  # "" where a verification did not run the test
    seconds: tuple[float | None, ...]  # None where it did not run the test, or skipped it

    @property
    def ratio(self) -> float:
        """The duration in the last verification, divided by that in the first one that passed the test."""
        return (self.seconds[-1] or 0.0) / max(self._before or 0.0, 1e-9)

    @property
    def slower_by(self) -> float:
        """The duration in the last verification, minus that in the first one that passed the test, in seconds."""
        return (self.seconds[-1] or 0.0) - (self._before or 0.0)

    @property
    def _before(self) -> float | None:
        pairs = zip(self.statuses[:-1], self.seconds[:-1], strict=True)
        return next((seconds for status, seconds in pairs if status in PASSED and seconds is not None), None)


@dataclass(frozen=True)
class Comparison:
    """The differences between verifications."""

    verifications: tuple[str, ...]  # uuids, the oldest first
    broken: tuple[Change, ...]  # passed before, fails in the last
    mended: tuple[Change, ...]  # failed before, passes in the last
    flaky: tuple[Change, ...]  # changed more than once; not in any other list
    slower: tuple[Change, ...]  # still passes, but takes longer
    faster: tuple[Change, ...]
    failing: tuple[Change, ...]  # failed before, and in the last
    new: tuple[str, ...]  # only in the last
    gone: tuple[str, ...]  # no longer in the last
    same: int  # number of tests without a difference

    @property
    def differs(self) -> bool:
        """Whether any test has a different result or duration, or is missing in a verification."""
        return any((self.broken, self.mended, self.flaky, self.slower, self.faster, self.new, self.gone))

    def data(self) -> dict[str, Any]:
        """Return the comparison in the form of the JSON output."""
        kinds = ("broken", "mended", "flaky", "slower", "faster", "failing")
        told = {kind: [asdict(change) for change in getattr(self, kind)] for kind in kinds}
        return {"verifications": self.verifications, **told, "new": self.new, "gone": self.gone, "same": self.same}


def compare(
    runs: Sequence[tuple[VerificationRow, Sequence[TestRow]]],
    *,
    ratio: float = SLOWER_RATIO,
    seconds: float = SLOWER_SECONDS,
) -> Comparison:
    """Compare verifications with their tests, the oldest first.

    A test is slower if it takes `ratio` times as long, and `seconds` longer, than when it first passed; or faster.
    """
    by_name = [{test.name: test for test in tests} for _, tests in runs]
    kinds: dict[str, list[Change]] = {kind: [] for kind in ("broken", "mended", "flaky", "slower", "faster", "failing")}
    new, gone, same = [], [], 0
    for name in dict.fromkeys(name for tests in by_name for name in tests):
        rows = [tests.get(name) for tests in by_name]
        change = Change(
            name,
            tuple(row.status if row else "" for row in rows),
            tuple(row.seconds if row and row.status != "skip" else None for row in rows),
        )
        if rows[-1] is None:
            gone.append(name)
        elif all(row is None for row in rows[:-1]):
            new.append(name)
        elif kind := _kind(change, ratio, seconds):
            kinds[kind].append(change)
        else:
            same += 1
    kinds["slower"].sort(key=lambda change: -change.slower_by)
    kinds["faster"].sort(key=lambda change: change.slower_by)
    return Comparison(
        tuple(row.uuid for row, _ in runs),
        new=tuple(new),
        gone=tuple(gone),
        same=same,
        **{kind: tuple(changes) for kind, changes in kinds.items()},
    )


def flips(statuses: Sequence[str]) -> int:
    """Return how often a test changed between passing and failing, ignoring verifications that did not run it."""
    ran = [status in PASSED for status in statuses if status in PASSED | FAILED]
    return sum(one != other for one, other in pairwise(ran))


def _kind(change: Change, ratio: float, seconds: float) -> str:
    """Return the name of the list that a change belongs to; "" for no difference."""
    turns, last = flips(change.statuses), change.statuses[-1]
    if turns > 1:
        return "flaky"
    if last in FAILED:
        return "broken" if turns else "failing"
    if last in PASSED and turns:
        return "mended"
    if last not in PASSED or not any(status in PASSED for status in change.statuses[:-1]):
        return ""
    return _pace(change, ratio, seconds)


def _pace(change: Change, ratio: float, seconds: float) -> str:
    if change.slower_by >= seconds and change.ratio >= ratio:
        return "slower"
    return "faster" if -change.slower_by >= seconds and change.ratio <= 1 / ratio else ""
