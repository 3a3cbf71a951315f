"""The criterion `percentile`: limits for percentiles of iterations and of their actions.

    percentile: p(95) < 800ms                                 of the whole iteration
    percentile: [p(95) < 800ms, p(99.9) < 2 s]                all of them
    percentile: {total: p(95) < 800ms, nova.boot_server: [p(50) < 3s, p(99) < 5s]}

The grammar of a condition; blanks are allowed between any two parts:

    condition  = "p(" NUMBER ")" ( "<" | "<=" ) NUMBER UNIT
    NUMBER     = digits, optionally with a fraction; in "p( )" from 0 to 100
    UNIT       = "ns" | "us" | "ms" | "s" | "min"

Failed iterations and actions do not count. An action counts at any depth.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.judging.durations import TOTAL
from rallycross.judging.sla.criterion import Criterion, criterion
from rallycross.load.histogram import SECOND, Histogram
from rallycross.results.sla_row import SlaRow

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_CONDITION = re.compile(
    rf"\s*p\s*\(\s*(?P<share>{_NUMBER})\s*\)\s*(?P<than><=?)\s*(?P<limit>{_NUMBER})\s*(?P<unit>ns|us|ms|s|min)\s*"
)
_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND, "min": 60 * SECOND}
_FORM = "`p(95) < 800ms`: a percentile, `<` or `<=`, and a number with its unit (ns, us, ms, s, min)"


@dataclass(frozen=True)
class _Condition:
    text: str
    name: str  # total, or an action's
    share: float
    inclusive: bool
    limit: float  # nanoseconds

    def met(self, durations: Histogram) -> bool:
        value = durations.percentile(self.share)
        if value is None:
            return False
        return value <= self.limit / SECOND if self.inclusive else value < self.limit / SECOND


@criterion
class Percentile(Criterion):
    """Percentiles must be below their limits. A condition fails if nothing of that name ever succeeded."""

    name = "percentile"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require a condition, a list of them, or `{total or <action>: the same}`; see the module's docstring."""
        texts = [text for _, text in _texts(argument)]
        if not texts:
            return f"must be a condition, a list of conditions, or {{total or an action: the same}}; write {_FORM}"
        for text in texts:
            found = _CONDITION.fullmatch(text) if isinstance(text, str) else None
            if not found:
                return f"{text!r} is not a condition; write {_FORM}"
            if float(found["share"]) > 100:
                return f"{text!r} asks for more than p(100), which is the maximum"
        return None

    def __init__(self, argument: Any) -> None:
        self.conditions = [_condition(name, text) for name, text in _texts(argument)]
        self.durations = {condition.name: Histogram() for condition in self.conditions}
        self.seen = 0

    def add(self, batch: Batch) -> None:
        """Add the durations of iterations and actions that did not fail."""
        self.seen += len(batch)
        if TOTAL in self.durations:
            self.durations[TOTAL].add(batch.duration[~batch.failed])
        actions = batch.actions
        for code, name in enumerate(actions.names):
            if name in self.durations:
                self.durations[name].add(actions.duration[np.flatnonzero((actions.code == code) & ~actions.failed)])

    def merge(self, other: Self) -> None:
        """Merge the counts."""
        self.seen += other.seen
        for name, durations in self.durations.items():
            durations.merge(other.durations[name])

    def close(self) -> SlaRow:
        """Return the row, with all conditions."""
        told = []
        for condition in self.conditions:
            value = self.durations[condition.name].percentile(condition.share)
            came_to = "there is none: nothing of that name succeeded" if value is None else f"it is {_written(value)}"
            told.append(f"{condition.name} {condition.text}: {came_to}")
        passed = all(condition.met(self.durations[condition.name]) for condition in self.conditions)
        return SlaRow(self.name, passed, "; ".join(told))

    def hopeless(self, expected: int | None) -> bool:
        """Assume that further iterations succeed and take no time. The number of further actions is unknown."""
        if expected is None:
            return False
        return any(self._is_missed(condition, expected) for condition in self.conditions if condition.name == TOTAL)

    def _is_missed(self, condition: _Condition, expected: int) -> bool:
        durations = self.durations[condition.name]
        most = len(durations) + max(expected - self.seen, 0)
        from_rank = int(condition.share * max(most - 1, 0) / 100)
        return bool(most) and durations.above(int(condition.limit)) >= most - from_rank


def _texts(argument: Any) -> list[tuple[str, Any]]:
    """Return (total or action, condition) for all conditions; an argument of another form has none."""
    if isinstance(argument, str):
        return [(TOTAL, argument)]
    if isinstance(argument, list):
        return [(TOTAL, text) for text in argument]
    if not isinstance(argument, dict):
        return []
    return [(str(name), one) for name, text in argument.items() for one in (text if isinstance(text, list) else [text])]


def _condition(name: str, text: str) -> _Condition:
    found = _CONDITION.fullmatch(text)
    assert found is not None, text  # `complain` has accepted it
    limit = float(found["limit"]) * _UNITS[found["unit"]]
    return _Condition(text.strip(), name, float(found["share"]), found["than"] == "<=", limit)


def _written(seconds: float) -> str:
    return f"{seconds * 1000:.4g} ms" if seconds < 1 else f"{seconds:.3f} s"
