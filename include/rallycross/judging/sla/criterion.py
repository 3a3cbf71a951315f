"""What a criterion is: an argument that can be complained about, and a fold over samples that closes to one row.

A fold merges, so the shards of a load are judged as the whole would be. Durations are whole nanoseconds, so neither the
order of adding nor that of merging can turn a verdict.
"""

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

from rallycross.judging.batch import Batch
from rallycross.results.sla_row import SlaRow

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
        """Begin with no samples; the argument is one that `complain` has nothing against."""

    @abstractmethod
    def add(self, batch: Batch) -> None:
        """Take some samples."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take what another of the same argument has taken."""

    @abstractmethod
    def close(self) -> SlaRow:
        """Return the row. More may be added, and the row be asked for again."""

    @abstractmethod
    def hopeless(self, expected: int | None) -> bool:
        """Return whether the criterion is certainly missed, whatever samples are still to come.

        `expected` is how many iterations there will be in all, at most; None where that is not known. Rally's
        `--abort-on-sla-failure` stops as soon as a criterion is not met by what there is, which the next iterations
        might have put right, and which a `failure_rate` with a `min` is from the first one on.
        """

    def learn(self, contexts: Sequence[Mapping[str, Any]]) -> None:  # noqa: B027 - most have nothing to learn
        """Take what the workload's contexts came to (`WorkloadRow.contexts_done`); once, before `close`."""


def is_number(value: Any) -> bool:
    """Return whether a value of a task file is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < sys.float_info.max  # also of whole numbers, which YAML has of any size


def percent(value: Any) -> float | None:
    """Return a percentage, given as `1`, `0.5`, `1 %` or `0.5%`; None where it is none from 0 to 100."""
    if isinstance(value, str):
        found = _PERCENT.fullmatch(value)
        value = float(found[1]) if found else None
    return float(value) if value is not None and is_number(value) and 0 <= value <= 100 else None


def complain_of_keys(argument: Any, known: Sequence[str], meaning: str) -> str | None:
    """Want a mapping with at least one of the known keys and no other."""
    if not isinstance(argument, dict) or not argument:
        return f"must be a mapping with {meaning}"
    unknown = sorted(str(key) for key in argument if key not in known)
    if unknown:
        has = " and ".join(f"`{key}`" for key in known)
        return f"has no {', '.join(unknown)}; it has {has}"
    return None
