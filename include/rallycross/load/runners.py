"""Runners: the names under which a task file asks for a kind of load, each a setting of the one engine."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rallycross.load.pace import Pace, at_once
from rallycross.task.flaw import Flaw, Schema, flaws

_COUNT: Schema = {"type": "integer", "minimum": 1}


@dataclass(frozen=True)
class Load:
    """What a runner asks of the engine."""

    pace: Pace
    workers: int
    timeout: float | None  # seconds that an iteration may take
    total: int | None  # iterations, where that is known beforehand


@dataclass(frozen=True)
class Runner:
    """A runner: what its arguments may be, and the load that it makes of them."""

    schema: Schema
    load: Callable[[dict[str, Any]], Load]
    contradictions: Callable[[dict[str, Any]], Iterable[Flaw]] = lambda _: ()

    def validate(self, args: Any) -> list[Flaw]:
        """Return what is wrong with the arguments."""
        found = flaws(args, self.schema)
        return found or list(self.contradictions(args))


def _constant(args: dict[str, Any]) -> Load:
    times = args.get("times", 1)
    return Load(at_once(times), args.get("concurrency", 1), args.get("timeout") or None, times)


def _more_workers_than_work(args: dict[str, Any]) -> Iterable[Flaw]:
    times, concurrency = args.get("times", 1), args.get("concurrency", 1)
    if concurrency > times:
        remedy = f"lower `concurrency` to {times} or raise `times` to {concurrency}"
        yield Flaw(("concurrency",), f"{concurrency} at a time is more than the {times} iterations in all", remedy)


def _serial(args: dict[str, Any]) -> Load:
    times = args.get("times", 1)
    return Load(at_once(times), 1, None, times)


RUNNERS = {
    # A closed loop: `concurrency` virtual users, `times` iterations in all.
    "constant": Runner(
        schema={
            "type": "object",
            "properties": {
                "times": _COUNT,
                "concurrency": _COUNT,
                "timeout": {"type": "number", "minimum": 0},  # 0 = none
                "max_cpu_count": _COUNT,  # bounds Rally's processes; this engine needs one
            },
            "additionalProperties": False,
        },
        load=_constant,
        contradictions=_more_workers_than_work,
    ),
    # One after another. Takes any further key, so that a file can change `constant` to `serial` and nothing else.
    "serial": Runner(schema={"type": "object", "properties": {"times": _COUNT}}, load=_serial),
}
