"""A batch of samples as the folds read it: columns, each computed once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Actions:
    """The actions of a batch, flat; all arrays have the same length."""

    sample: Integers  # position, in the batch, of the iteration that it belongs to
    order: Integers  # position in its iteration
    code: Integers  # index into `names`
    names: list[str]
    depth: Integers
    duration: Floats  # seconds
    failed: Flags


class Batch:
    """One record batch in the schema of `results.sample_file`."""

    def __init__(self, record: pa.RecordBatch) -> None:
        self.record = record

    def __len__(self) -> int:
        return int(self.record.num_rows)

    @cached_property
    def iteration(self) -> Integers:
        """0-based numbers of the iterations."""
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
    def duration(self) -> Floats:
        """Seconds of work: pauses are not counted."""
        idle: Floats = np.asarray(self.record.column("idle"))
        return self.ended - self.started - idle

    @cached_property
    def failed(self) -> Flags:
        """Whether the iteration failed."""
        return np.asarray(pc.is_valid(self.record.column("failure")).to_numpy(zero_copy_only=False))

    @cached_property
    def failures(self) -> list[tuple[int, dict[str, Any]]]:
        """Position in the batch, and failure, of those that failed."""
        positions = np.flatnonzero(self.failed)
        taken = self.record.column("failure").take(pa.array(positions))
        return list(zip(positions.tolist(), taken.to_pylist(), strict=True))

    @cached_property
    def actions(self) -> Actions:
        """All actions of all iterations."""
        column = self.record.column("actions")
        flat = column.flatten()  # takes a sliced column's own part only
        counts = np.asarray(column.value_lengths())
        name, depth, started, ended, failed = flat.flatten()
        starts = np.cumsum(counts) - counts
        return Actions(
            sample=np.repeat(np.arange(len(self), dtype=np.int64), counts),
            order=np.arange(len(flat), dtype=np.int64) - np.repeat(starts, counts),
            code=np.asarray(name.indices).astype(np.int64),
            names=name.dictionary.to_pylist(),
            depth=np.asarray(depth).astype(np.int64),
            duration=np.asarray(ended) - np.asarray(started),
            failed=np.asarray(failed.to_numpy(zero_copy_only=False)),
        )
