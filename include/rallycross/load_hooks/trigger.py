"""Triggers: when a hook's action runs, as data. Pure."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from rallycross.task.bounds import ITERATIONS, MOMENTS, SECONDS
from rallycross.task.flaw import Flaw, Schema, flaws

Unit = Literal["iteration", "time"]


@dataclass(frozen=True)
class Moments:
    """The moments at which an action runs: iteration numbers from 1, or seconds after the first iteration's start.

    `values` are ascending.
    """

    unit: Unit
    values: range | tuple[int, ...]


@dataclass(frozen=True)
class Iterations:
    """Iterations whose start hooks must know. `number in iterations` takes well below 1 us."""

    numbers: frozenset[int] = frozenset()
    ranges: tuple[range, ...] = ()

    @classmethod
    def of(cls, several: Iterable[Moments]) -> "Iterations":
        """Return the iterations of all triggers that count iterations."""
        values = [one.values for one in several if one.unit == "iteration"]
        return cls(
            frozenset(number for some in values if isinstance(some, tuple) for number in some),
            tuple(some for some in values if isinstance(some, range)),
        )

    def __contains__(self, number: int) -> bool:
        return number in self.numbers or any(number in some for some in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.numbers or self.ranges)


@dataclass(frozen=True)
class Trigger:
    """A trigger: its arguments, and the moments that it makes of them."""

    schemas: dict[str, Schema]  # by unit
    moments: Callable[[dict[str, Any]], Moments]

    def validate(self, args: Any) -> list[Flaw]:
        """Return what is wrong with the arguments."""
        unit = args.get("unit") if isinstance(args, dict) else None
        return flaws(args, self.schemas["time" if unit == "time" else "iteration"])


def _event(args: dict[str, Any]) -> Moments:
    return Moments(args["unit"], tuple(sorted(args["at"])))


def _periodic(args: dict[str, Any]) -> Moments:
    start = args.get("start", _FIRST[args["unit"]])
    return Moments(args["unit"], range(int(start), int(args.get("end", sys.maxsize - 1)) + 1, int(args["step"])))


def _schemas(needed: str, **properties: Callable[[str, int], Schema]) -> dict[str, Schema]:
    """Return one schema per unit: iterations are counted from 1, seconds from 0."""
    return {
        unit: {
            "type": "object",
            "properties": {
                "unit": {"enum": ["iteration", "time"]},
                **{name: schema(unit, first) for name, schema in properties.items()},
            },
            "required": ["unit", needed],
            "additionalProperties": False,
        }
        for unit, first in _FIRST.items()
    }


def _from(unit: str, least: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": SECONDS if unit == "time" else ITERATIONS}


_FIRST = {"iteration": 1, "time": 0}
_EVENTS = {"minItems": 1, "maxItems": MOMENTS, "uniqueItems": True}

TRIGGERS = {
    "event": Trigger(
        _schemas("at", at=lambda *of: {"type": "array", **_EVENTS, "items": _from(*of)}),
        _event,
    ),
    "periodic": Trigger(
        _schemas("step", step=lambda unit, _: _from(unit, 1), start=_from, end=lambda unit, _: _from(unit, 1)),
        _periodic,
    ),
}
