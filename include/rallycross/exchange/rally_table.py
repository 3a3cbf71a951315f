"""Rally's own definition of a workload's figures: the `statistics` of its JSON results, used only for the export.

Everything else shows the figures of `judging.statistics`. These must equal what Rally computes from the same
iterations. So they are exact, and every value is held in memory while a workload is exported.

A row is an action; an action that an iteration repeats is one value, the sum, in a row `name (xN)`. Actions within it
are rows below it, two levels deep. All iterations count, failed ones too. The last rows are the total and its parts:
`duration` (work) and `idle_duration` (deliberate pauses).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rallycross.exchange.sample_columns import Columns, Flags, Floats, Integers

_DEEPEST = 2
_PERCENTILES = {"median": 50, "90%ile": 90, "95%ile": 95}
UNNAMED = "<no-name-action>"  # Rally's row for iterations that failed outside their last action

_FirstSeen = tuple[int, int]


@dataclass
class Row:
    """An action at its place in the tree."""

    name: str
    times: int  # per iteration
    children: dict[tuple[str, int], "Row"] = field(default_factory=dict)
    parts: list[Floats] = field(default_factory=list)
    failed: int = 0
    first: _FirstSeen = (0, 0)  # the first iteration that has it, and the position in it

    @property
    def shown(self) -> str:
        """The name, with the number of repetitions."""
        return f"{self.name} (x{self.times})" if self.times > 1 else self.name

    def figures(self) -> dict[str, Any]:
        """Return min, median, 90%ile, 95%ile, max, avg in seconds (None: no values), success (0 to 1), count."""
        values = np.sort(np.concatenate([np.empty(0), *self.parts]))
        count = len(values)
        if not count:
            return {**dict.fromkeys(("min", *_PERCENTILES, "max", "avg", "success")), "count": 0}
        cuts = np.percentile(values, list(_PERCENTILES.values())).tolist()
        return {
            "min": float(values[0]),
            **dict(zip(_PERCENTILES, cuts, strict=True)),
            "max": float(values[-1]),
            "avg": float(values.mean()),
            "success": 1 - self.failed / count,
            "count": count,
        }

    def child(self, name: str, times: int, first: _FirstSeen) -> "Row":
        """Return the child row of that name, created if needed, and update where it was first seen."""
        row = self.children.setdefault((name, times), Row(name, times, first=first))
        row.first = min(row.first, first)
        return row

    def sorted_children(self) -> list["Row"]:
        """Return the child rows in the order in which iterations first have them."""
        return sorted(self.children.values(), key=lambda row: (row.first, row.shown))


class RallyTable:
    """Computes the table. Add batches in any order, then get the rows."""

    def __init__(self) -> None:
        self._root = Row("", 1)
        self._total = Row("total", 1)
        self._total.child("duration", 1, (0, 0))
        self._total.child("idle_duration", 1, (0, 1))

    def add(self, batch: Columns) -> None:
        """Add a batch of samples."""
        idle = batch.idle
        parts = (self._total, *self._total.sorted_children())
        for row, values in zip(parts, (batch.duration + idle, batch.duration, idle), strict=True):
            row.parts.append(values)
            row.failed += int(batch.failed.sum())
        self._add_actions(batch)

    def rows(self) -> list[tuple[int, Row]]:
        """Return depth and row, in Rally's order: actions, then the total with its parts."""
        found: list[tuple[int, Row]] = []

        def walk(row: Row, depth: int) -> None:
            found.append((depth, row))
            for child in row.sorted_children():
                walk(child, depth + 1)

        for row in (*self._root.sorted_children(), self._total):
            walk(row, 0)
        return found

    def statistics(self) -> dict[str, Any]:
        """Return the rows in the form of Rally's JSON: `{"durations": {"total": row, "atomics": [row, ...]}}`."""
        atomics = [_as_rally(row) for row in self._root.sorted_children()]
        return {"durations": {"total": _as_rally(self._total), "atomics": atomics}}

    def _add_actions(self, batch: Columns) -> None:
        actions = batch.actions
        position = np.arange(len(actions.code))
        rows: list[Row] = [self._root] * len(batch)  # the row that each group of the level above went to
        above = np.zeros(len(position), np.int64)  # the group of the level above, by action
        groups_of_parents = actions.sample
        for depth in range(_DEEPEST + 1):
            here = np.flatnonzero(actions.depth == depth)
            if not len(here):
                break
            if depth:
                parents = np.maximum.accumulate(np.where(actions.depth == depth - 1, position, -1))
                groups_of_parents = above[parents]
            level = _Level.of(groups_of_parents[here], here, batch)
            if not depth:
                self._add_unnamed(batch, level)
            rows = level.into(rows, batch)
            above[here] = level.group

    def _add_unnamed(self, batch: Columns, level: "_Level") -> None:
        """Count iterations that failed although their last action, if any, did not."""
        sample = batch.actions.sample[level.start]
        order = np.lexsort((level.start, sample))  # the groups of each iteration, in order of their first action
        last = order[np.flatnonzero(np.diff(sample[order], append=-1))]
        bad = last[batch.failed[sample[last]] & ~level.failed[last]]
        if len(bad):
            first = int(batch.iteration[sample[bad]].min())
            row = self._root.child(UNNAMED, 1, (first, int(np.iinfo(np.int64).max)))
            row.parts.append(np.zeros(len(bad)))
            row.failed += len(bad)


@dataclass(frozen=True)
class _Level:
    """The actions of one level, grouped by iteration, parent and name."""

    group: Integers  # of each action
    parent: Integers  # of each group: its group in the level above
    code: Integers
    times: Integers
    start: Integers  # position, in the batch, of its first action
    duration: Floats
    failed: Flags

    @classmethod
    def of(cls, parents: Integers, here: Integers, batch: Columns) -> "_Level":
        """Group the actions at the positions `here`, whose parents are groups of the level above."""
        actions = batch.actions
        key = parents * len(actions.names) + actions.code[here]
        groups, start, group, times = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        return cls(
            group=group,
            parent=groups // len(actions.names),
            code=groups % len(actions.names),
            times=times,
            start=here[start],
            duration=_sums(group, (actions.ended - actions.started)[here], len(groups)),
            failed=_sums(group, actions.failed[here].astype(np.float64), len(groups)) > 0,
        )

    def into(self, rows: list[Row], batch: Columns) -> list[Row]:
        """Add the groups to the child rows of their parents' rows; return the row of each group."""
        ids = {id(row): number for number, row in enumerate(rows)}
        parent_row = np.array([ids[id(row)] for row in rows], np.int64)[self.parent]
        kinds, kind = np.unique(np.stack([parent_row, self.code, self.times]), axis=1, return_inverse=True)
        kind = kind.reshape(-1)
        first_sample = batch.iteration[batch.actions.sample[self.start]]
        order = batch.actions.order[self.start]
        made: list[Row] = []
        for number, (parent, code, times) in enumerate(kinds.T.tolist()):
            chosen = np.flatnonzero(kind == number)
            earliest = chosen[np.lexsort((order[chosen], first_sample[chosen]))[0]]
            first = (int(first_sample[earliest]), int(order[earliest]))
            row = rows[parent].child(batch.actions.names[code], times, first)
            row.parts.append(self.duration[chosen])
            row.failed += int(self.failed[chosen].sum())
            made.append(row)
        return [made[number] for number in kind.tolist()]


def _sums(group: Integers, values: Floats, groups: int) -> Floats:
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64)


def _as_rally(row: Row) -> dict[str, Any]:
    figures = row.figures()
    count = figures.pop("count")
    success = figures.pop("success")
    shown = {name: "n/a" if value is None else round(value, 3) for name, value in figures.items()}
    return {
        "name": row.name,
        "display_name": row.shown,
        "count_per_iteration": row.times,
        "children": [_as_rally(child) for child in row.sorted_children()],
        "data": {
            **shown,
            "success": "n/a" if success is None else f"{100 * success:.1f}%",
            "iteration_count": count,
        },
    }
