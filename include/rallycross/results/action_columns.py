"""The actions of a record batch of samples (in the schema of `results.sample_file`) as flat columns."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rallycross.load.histogram import Integers, nanoseconds

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Actions:
    """All arrays have the same length; times are seconds since the start of the load."""

    sample: Integers  # position of its iteration in the batch
    order: Integers  # position in its iteration
    code: Integers  # index into `names`
    names: list[str]
    depth: Integers
    started: Floats
    ended: Floats
    failed: Flags

    @classmethod
    def of(cls, record: pa.RecordBatch) -> Self:
        """Return all actions of all iterations in a record batch."""
        column = record.column("actions")
        flat = column.flatten()  # respects the bounds of a sliced column
        counts = np.asarray(column.value_lengths()).astype(np.int64)
        name, depth, started, ended, failed = flat.flatten()
        starts = np.cumsum(counts) - counts
        return cls(
            sample=np.repeat(np.arange(record.num_rows, dtype=np.int64), counts),
            order=np.arange(len(flat), dtype=np.int64) - np.repeat(starts, counts),
            code=np.asarray(name.indices).astype(np.int64),
            names=name.dictionary.to_pylist(),
            depth=np.asarray(depth).astype(np.int64),
            started=np.asarray(started),
            ended=np.asarray(ended),
            failed=np.asarray(failed.to_numpy(zero_copy_only=False)),
        )

    @cached_property
    def duration(self) -> Integers:
        """Nanoseconds from start to end, pauses included, as in Rally. The duration of an iteration excludes them."""
        return nanoseconds(self.ended - self.started)
