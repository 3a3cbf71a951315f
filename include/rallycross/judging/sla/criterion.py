"""The base class of SLA criteria: each checks its argument, and is a fold over samples that closes to one row.

Folds can be merged, so the shards of a load give the same verdict as the whole. Durations are whole nanoseconds, so the
order of adding and merging cannot change a verdict.
"""

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

from rallycross.judging.batch import Batch
from rallycross.registry import Registry
from rallycross.results.sla_row import SlaRow

Kind = TypeVar("Kind", bound="Criterion")

_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%?\s*")


class Criterion(ABC):
    """One criterion with its argument, as a fold over samples."""

    name: str

    @staticmethod
    @abstractmethod
    def complain(argument: Any) -> str | None:
        """Return what is wrong with the argument, if anything."""

    @abstractmethod
    def __init__(self, argument: Any) -> None:
        """Begin without samples; `complain` has accepted the argument."""

    @abstractmethod
    def add(self, batch: Batch) -> None:
        """Add samples."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Add the samples of another criterion with the same argument."""

    @abstractmethod
    def close(self) -> SlaRow:
        """Return the row. Samples may be added afterwards and the row be requested again."""

    @abstractmethod
    def hopeless(self, expected: int | None) -> bool:
        """Return whether the criterion is certainly missed, whatever samples are still to come.

        `expected` is the maximum number of iterations in total; None if unknown. Rally's `--abort-on-sla-failure` stops
        as soon as the samples so far miss a criterion, although later iterations might still meet it; with a `min` of
        `failure_rate` that is so from the first iteration on.
        """

    def learn(self, contexts: Sequence[Mapping[str, Any]]) -> None:  # noqa: B027 - most have nothing to learn
        """Read the results of the workload's contexts (`WorkloadRow.contexts_done`). Called once, before `close`."""


CRITERIA: Registry[type[Criterion]] = Registry("rallycross.judging.sla", users_add=True)


def criterion(kind: type[Kind]) -> type[Kind]:
    """Register a class as the criterion that its `name` says."""
    if lacking := sorted(kind.__abstractmethods__):
        raise TypeError(f"the criterion {kind.name} lacks {', '.join(lacking)}")
    CRITERIA.add(kind.name, kind)
    return kind


def is_number(value: Any) -> bool:
    """Return whether a value of a task file is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < sys.float_info.max  # also for integers, which can be of any size in YAML


def percent(value: Any) -> float | None:
    """Return a percentage written as `1`, `0.5`, `1 %` or `0.5%`; None unless it is from 0 to 100."""
    if isinstance(value, str):
        found = _PERCENT.fullmatch(value)
        value = float(found[1]) if found else None
    return float(value) if value is not None and is_number(value) and 0 <= value <= 100 else None


def complain_of_keys(argument: Any, known: Sequence[str], meaning: str) -> str | None:
    """Require a mapping with at least one of the known keys and no other."""
    if not isinstance(argument, dict) or not argument:
        return f"must be a mapping with {meaning}"
    unknown = sorted(str(key) for key in argument if key not in known)
    if unknown:
        has = " and ".join(f"`{key}`" for key in known)
        return f"has no {', '.join(unknown)}; it has {has}"
    return None
