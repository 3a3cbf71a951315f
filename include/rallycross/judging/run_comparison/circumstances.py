"""How the circumstances of two runs, or sets of runs, differ: timing, cloud, versions, machine, load, arguments."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rallycross.results.models import TaskRow, WorkloadRow

Kind = Literal["timing", "load", "arguments", "contexts", "cloud", "versions", "machine"]
UNKNOWN = "not recorded"
_OF_THE_MACHINE = {"rallycross", "python", "machine", "processor", "cpus", "memory"}  # in the environment of a task


@dataclass(frozen=True)
class Circumstance:
    """A circumstance that differs; a side whose runs differ among themselves has several values."""

    kind: Kind
    name: str  # such as `args.flavor.name`
    first: tuple[str, ...]
    second: tuple[str, ...]


def of_runs(first: Sequence[TaskRow], second: Sequence[TaskRow]) -> tuple[Circumstance, ...]:
    """Return how two sides differ apart from their workloads."""
    return tuple(_differing([_run_facts(run) for run in first], [_run_facts(run) for run in second]))


def of_environments(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Circumstance, ...]:
    """Return how the environments differ that two runs are stored with."""
    return tuple(_differing([_environment_facts(first)], [_environment_facts(second)]))


def of_workloads(first: Sequence[WorkloadRow], second: Sequence[WorkloadRow]) -> tuple[Circumstance, ...]:
    """Return how a workload differs between two sides."""
    return tuple(_differing([_workload_facts(row) for row in first], [_workload_facts(row) for row in second]))


_Facts = dict[tuple[Kind, str], str]


def _differing(first: Iterable[_Facts], second: Iterable[_Facts]) -> Iterator[Circumstance]:
    one, other = list(first), list(second)
    for key in dict.fromkeys(key for facts in (*one, *other) for key in facts):
        sides = [tuple(dict.fromkeys(facts.get(key, UNKNOWN) for facts in side)) for side in (one, other)]
        if len({value for side in sides for value in side}) > 1:
            yield Circumstance(*key, *sides)


def _run_facts(run: TaskRow) -> _Facts:
    facts: _Facts = {("timing", "timing"): run.timing, ("cloud", "cloud"): run.cloud}
    return facts | _environment_facts(run.environment)


def _environment_facts(environment: Mapping[str, Any]) -> _Facts:
    def kind(name: str) -> Kind:
        return "machine" if name.split(".", maxsplit=1)[0] in _OF_THE_MACHINE else "versions"

    return {(kind(name), name): value for name, value in _flat(environment)}


def _workload_facts(row: WorkloadRow) -> _Facts:
    facts: _Facts = {("load", "runner"): row.runner, ("load", "ending"): row.status}
    parts: tuple[tuple[Kind, str, Mapping[str, Any]], ...] = (
        ("load", "runner", row.runner_args),
        ("arguments", "args", row.args),
        ("contexts", "contexts", row.contexts),
    )
    for kind, start, values in parts:
        facts.update({(kind, f"{start}.{name}"): value for name, value in _flat(values)})
    return facts


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the values of nested mappings with dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from ((f"{name}.{inner}", text) for inner, text in _flat(value))
        else:
            yield str(name), value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
