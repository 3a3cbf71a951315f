"""Which workloads of two runs, or sets of runs, are the same and can be compared."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rallycross.results.models import TaskRow, WorkloadRow

Runs = Sequence[TaskRow]


@dataclass(frozen=True)
class Partners:
    """The same workload in the runs of both sides, one of each run that has it; the first one names them all."""

    first: tuple[WorkloadRow, ...]
    second: tuple[WorkloadRow, ...]


@dataclass(frozen=True)
class Paired:
    """The workloads that both sides have, and those that only one of them has."""

    partners: tuple[Partners, ...]
    only_first: tuple[WorkloadRow, ...]
    only_second: tuple[WorkloadRow, ...]


# What workloads must have in common, the most exact first. Those of equal keys are paired in their order.
_KEYS: tuple[Callable[[WorkloadRow], object], ...] = (
    lambda row: (row.scenario, _text(row.args), row.runner, _text(row.runner_args), _text(row.contexts)),
    lambda row: (row.scenario, _text(row.args), row.runner, _text(row.runner_args)),
    lambda row: (row.scenario, _text(row.args), row.position),
    lambda row: (row.scenario, _text(row.args)),
    lambda row: row.scenario,
)


def paired(first: Runs, second: Runs) -> Paired:
    """Return the workloads of two sides by what they run: scenario and arguments, then load and contexts."""
    named = list(first[0].workloads)
    in_runs = [[_matched(named, run.workloads) for run in side] for side in (first, second)]
    partners, only_first = [], []
    for row in named:
        one, other = (tuple(found[row.uuid] for found in side if row.uuid in found) for side in in_runs)
        if other:
            partners.append(Partners(one, other))
        else:
            only_first.append(row)
    taken = {row.uuid for found in in_runs[1] for row in found.values()}
    only_second = [row for run in second for row in run.workloads if row.uuid not in taken]
    return Paired(tuple(partners), tuple(only_first), tuple(only_second))


def _matched(named: Sequence[WorkloadRow], others: Sequence[WorkloadRow]) -> dict[str, WorkloadRow]:
    """Return the partner of each workload that has one, by its uuid."""
    found: dict[str, WorkloadRow] = {}
    free, left = list(named), list(others)
    for key in _KEYS:
        for row, other in list(_pairs(free, left, key)):
            found[row.uuid] = other
            free.remove(row)
            left.remove(other)
    return found


def _pairs(
    rows: Sequence[WorkloadRow], others: Sequence[WorkloadRow], key: Callable[[WorkloadRow], object]
) -> Iterator[tuple[WorkloadRow, WorkloadRow]]:
    waiting: dict[object, list[WorkloadRow]] = {}
    for other in others:
        waiting.setdefault(key(other), []).append(other)
    for row in rows:
        if same := waiting.get(key(row)):
            yield row, same.pop(0)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
