"""A record batch of samples (in the schema of `results.sample_file`) as columns in seconds, a row for each iteration.

These are for export: nothing is rounded or left out. Judging has its own columns, made for figures.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rallycross.load.sample import State
from rallycross.results.action_columns import Actions
from rallycross.task.plan import Timing

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Columns:
    """The columns of a record batch, each computed once."""

    def __init__(self, record: pa.RecordBatch, *, timing: Timing) -> None:
        self.record = record
        self.timing = timing

    @classmethod
    def measured(cls, record: pa.RecordBatch, *, timing: Timing) -> "Columns":
        """Return the columns of the iterations that figures count: without warm-up and dropped ones."""
        state = np.asarray(record.column("state"))
        kept = state < State.DROPPED
        return cls(record if kept.all() else record.filter(pa.array(kept)), timing=timing)

    def __len__(self) -> int:
        return int(self.record.num_rows)

    @cached_property
    def iteration(self) -> Integers:
        """0-based numbers."""
        return np.asarray(self.record.column("iteration"))

    @cached_property
    def idle(self) -> Floats:
        """Seconds of deliberate pauses."""
        return np.asarray(self.record.column("idle"))

    @cached_property
    def began(self) -> Floats:
        """The start of an iteration's duration: its due time if it has one, else, or with Rally's timing, its start."""
        started: Floats = np.asarray(self.record.column("started"))
        if self.timing == "rally":
            return started
        due: Floats = self.record.column("due").to_numpy(zero_copy_only=False)
        return np.where(np.isnan(due), started, due)

    @cached_property
    def duration(self) -> Floats:
        """Seconds of work, without pauses."""
        ended: Floats = np.asarray(self.record.column("ended"))
        return ended - self.began - self.idle

    @cached_property
    def failed(self) -> Flags:
        """Whether the iteration failed."""
        return np.asarray(pc.is_valid(self.record.column("failure")).to_numpy(zero_copy_only=False))

    @cached_property
    def actions(self) -> Actions:
        """All actions of all iterations."""
        return Actions.of(self.record)
