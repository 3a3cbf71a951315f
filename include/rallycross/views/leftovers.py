"""What was found in a cloud by name, as the terminal and the DAG `janitor` show it: by kind, run, age and owner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rallycross.leftovers.by_name import Named

_MOST_PROJECTS = 3  # that are named
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


@dataclass(frozen=True)
class LeftoverGroup:
    """The things of one kind that one run has left."""

    kind: str
    run: str  # the beginning of their names
    count: int
    youngest: float | None  # seconds since it was created; None if its service does not say
    oldest: float | None
    projects: tuple[str, ...]  # names, or ids

    @property
    def ages(self) -> str:
        """How old the things are, in words."""
        ages = [_age(age) for age in (self.youngest, self.oldest) if age is not None]
        return " to ".join(dict.fromkeys(ages)) or "unknown"

    @property
    def owners(self) -> str:
        """The projects that the things are in, some of them by name."""
        more = len(self.projects) - _MOST_PROJECTS
        return ", ".join([*self.projects[:_MOST_PROJECTS], *([f"{more} more"] if more > 0 else [])]) or "-"

    def document(self) -> dict[str, Any]:
        """Return the group as data."""
        return {
            "kind": self.kind,
            "names": f"{self.run}...",
            "things": self.count,
            "youngest": self.youngest,
            "oldest": self.oldest,
            "projects": self.owners,
        }


def leftover_groups(things: Iterable[Named], now: datetime) -> list[LeftoverGroup]:
    """Return the things by kind and run, in the order in which they were found."""
    groups: dict[tuple[str, str], list[Named]] = {}
    for one in things:
        groups.setdefault((one.kind.name, one.run), []).append(one)
    return [_group(kind, run, alike, now) for (kind, run), alike in groups.items()]


def _group(kind: str, run: str, things: Sequence[Named], now: datetime) -> LeftoverGroup:
    ages = [age for one in things if (age := age_of(one, now)) is not None]
    projects = sorted({one.project for one in things} - {""})
    return LeftoverGroup(kind, run, len(things), min(ages, default=None), max(ages, default=None), tuple(projects))


def age_of(one: Named, now: datetime) -> float | None:
    """Return for how many seconds something has existed; None if its service does not say."""
    return None if one.created is None else max(0.0, (now - one.created).total_seconds())


def _age(seconds: float) -> str:
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
