"""A record batch of samples (in the schema of `results.sample_file`) as columns of seconds, every iteration in its row.

Judging has columns of its own, made for figures; these are for what is handed on: nothing is rounded or left out.
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
        """Take what figures are made of: no iterations of a warm-up, none that were dropped."""
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
        """From when an iteration's duration counts: when it was due, where it was; with Rally's timing its start."""
        started: Floats = np.asarray(self.record.column("started"))
        if self.timing == "rally":
            return started
        due: Floats = self.record.column("due").to_numpy(zero_copy_only=False)
        return np.where(np.isnan(due), started, due)

    @cached_property
    def duration(self) -> Floats:
        """Seconds of work; pauses are not counted."""
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
