"""A batch of samples as the folds read it: columns, each computed once."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rallycross.load.histogram import Integers, nanoseconds
from rallycross.load.sample import State
from rallycross.results.action_columns import Actions
from rallycross.task.plan import Timing

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Batch:
    """The iterations of one record batch (in the schema of `results.sample_file`) that count in the figures.

    Iterations of the warm-up and dropped ones are only counted; they are in none of the columns. `asked` has the times,
    in seconds, at which iterations were due, including dropped ones.
    """

    def __init__(self, record: pa.RecordBatch, *, timing: Timing = "intended") -> None:
        state = np.asarray(record.column("state"))
        self.dropped = int(np.count_nonzero(state == State.DROPPED))
        self.warm_up = int(np.count_nonzero(state == State.WARM_UP))
        due: Floats = np.asarray(record.column("due").to_numpy(zero_copy_only=False))
        self.asked = due[(state != State.WARM_UP) & ~np.isnan(due)]
        self.record = record.filter(pa.array(state < State.DROPPED)) if self.dropped or self.warm_up else record
        self.timing = timing

    def __len__(self) -> int:
        return int(self.record.num_rows)

    @cached_property
    def iteration(self) -> Integers:
        """The 0-based numbers of the iterations."""
        return np.asarray(self.record.column("iteration"))

    @cached_property
    def started(self) -> Floats:
        """Seconds since the start of the load."""
        return np.asarray(self.record.column("started"))

    @cached_property
    def ended(self) -> Floats:
        """Seconds since the start of the load."""
        return np.asarray(self.record.column("ended"))

    @cached_property
    def due(self) -> Floats:
        """Seconds since the start of the load; NaN in a closed loop."""
        return np.asarray(self.record.column("due").to_numpy(zero_copy_only=False))

    @cached_property
    def queued(self) -> Flags:
        """Whether the iteration had to wait for a free worker when it was due."""
        state: npt.NDArray[np.int8] = np.asarray(self.record.column("state"))
        return np.asarray(state == State.QUEUED)

    @cached_property
    def paced(self) -> Flags:
        """Whether the iteration had a due time."""
        return np.asarray(~np.isnan(self.due))

    @cached_property
    def start_error(self) -> Integers:
        """Nanoseconds from the due time to the start; 0 without a due time."""
        return nanoseconds(np.where(self.paced, self.started - self.due, 0.0))

    @cached_property
    def service(self) -> Integers:
        """Nanoseconds of work from the actual start, without pauses."""
        idle: Floats = np.asarray(self.record.column("idle"))
        return nanoseconds(self.ended - self.started - idle)

    @cached_property
    def duration(self) -> Integers:
        """The duration in nanoseconds: from the due time, if there is one; with Rally's timing the service time."""
        return self.service if self.timing == "rally" else self.service + self.start_error

    @cached_property
    def failed(self) -> Flags:
        """Whether the iteration failed."""
        return np.asarray(pc.is_valid(self.record.column("failure")).to_numpy(zero_copy_only=False))

    @cached_property
    def failures(self) -> list[tuple[int, dict[str, Any]]]:
        """(Position in the batch, failure) of each failed iteration."""
        positions = np.flatnonzero(self.failed)
        taken = self.record.column("failure").take(pa.array(positions))
        return list(zip(positions.tolist(), taken.to_pylist(), strict=True))

    @cached_property
    def actions(self) -> Actions:
        """All actions of all iterations."""
        return Actions.of(self.record)


def grouped(keys: Integers) -> Iterator[tuple[int, Integers]]:
    """Yield each key, in ascending order, with its positions in ascending order."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    present, starts = np.unique(keys[order], return_index=True)
    yield from zip(present.tolist(), np.split(order, starts[1:]), strict=True)
