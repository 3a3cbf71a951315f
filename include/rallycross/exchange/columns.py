"""A record batch of samples (in the schema of `results.sample_file`) as columns of seconds, every iteration in its row.

Judging has columns of its own, made for figures; these are for what is handed on: nothing is rounded or left out.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rallycross.load.sample import State
from rallycross.task.plan import Timing

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Actions:
    """The actions of a record batch, flat; all arrays have the same length."""

    sample: Integers  # row of the iteration that it belongs to
    order: Integers  # position in its iteration
    code: Integers  # index into `names`
    names: list[str]
    depth: Integers
    started: Floats
    ended: Floats
    failed: Flags


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
        column = self.record.column("actions")
        flat = column.flatten()  # takes a sliced column's own part only
        counts = np.asarray(column.value_lengths()).astype(np.int64)
        name, depth, started, ended, failed = flat.flatten()
        starts = np.cumsum(counts) - counts
        return Actions(
            sample=np.repeat(np.arange(len(self), dtype=np.int64), counts),
            order=np.arange(len(flat), dtype=np.int64) - np.repeat(starts, counts),
            code=np.asarray(name.indices).astype(np.int64),
            names=name.dictionary.to_pylist(),
            depth=np.asarray(depth).astype(np.int64),
            started=np.asarray(started),
            ended=np.asarray(ended),
            failed=np.asarray(failed.to_numpy(zero_copy_only=False)),
        )
