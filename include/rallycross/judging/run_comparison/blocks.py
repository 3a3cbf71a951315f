"""Durations, failures and busy time by blocks of time, as a fold: what intervals for one run are computed from.

At most 64 blocks cover a run, however long it is: their width doubles as the run grows. Durations are counted in the
buckets of `load.histogram`. So the memory does not grow with the run, and the order of samples does not matter.
"""

from dataclasses import dataclass, field

import numpy as np

from rallycross.judging.batch import Batch, Floats, grouped
from rallycross.load.histogram import Integers, bucket, nanoseconds

MOST_BLOCKS = 64
_NARROWEST = 20  # bits: a block is 2**20 ns, a millisecond, or longer by a power of two
_BUCKET = 21  # bits that hold any bucket's number
_PENDING = 65_536  # keys that are held before equal ones are counted together

Series = tuple[str, int]  # name and depth of an action
WHOLE: Series = ("", 0)  # whole iterations


@dataclass(frozen=True)
class Course:
    """The iterations of a run in each block: how many ended, how many of them failed, and how long they took."""

    ended: Floats
    failed: Floats
    busy: Floats  # seconds from start to end, added up


class Blocks:
    """Counts the iterations of a workload, and the actions in them, by the block in which the iteration ended."""

    def __init__(self) -> None:
        self._bits = _NARROWEST
        self._series: dict[Series, _Cells] = {}
        self._ended, self._failed, self._busy = (np.zeros(MOST_BLOCKS) for _ in range(3))

    def add(self, batch: Batch) -> None:
        """Add samples."""
        if not len(batch):
            return
        ended = np.maximum(nanoseconds(batch.ended), 0)
        self._make_room(int(ended.max()))
        block = ended >> self._bits
        self._ended += np.bincount(block, minlength=MOST_BLOCKS)
        self._failed += np.bincount(block[batch.failed], minlength=MOST_BLOCKS)
        self._busy += np.bincount(block, weights=batch.ended - batch.started, minlength=MOST_BLOCKS)
        self._add(WHOLE, block[~batch.failed], batch.duration[~batch.failed])
        actions = batch.actions
        depths = int(actions.depth.max(initial=0)) + 1
        for key, chosen in grouped(actions.code * depths + actions.depth):
            well = chosen[~actions.failed[chosen]]
            series = (actions.names[key // depths], key % depths)
            self._add(series, block[actions.sample[well]], actions.duration[well])

    @property
    def series(self) -> list[Series]:
        """The series that have durations: `WHOLE`, and the actions."""
        return list(self._series)

    def counts(self, series: Series) -> tuple[Integers, Integers]:
        """Return the buckets that are not empty, and a table of counts: a row for each block, a column for a bucket."""
        keys, counts = self._series[series].compact() if series in self._series else (_NONE, _NONE)
        buckets, column = np.unique(keys & ((1 << _BUCKET) - 1), return_inverse=True)
        table = np.zeros((MOST_BLOCKS, len(buckets)), np.int64)
        table[keys >> _BUCKET, column] = counts
        return buckets, table

    def course(self) -> Course:
        """Return the course of the run."""
        return Course(self._ended, self._failed, self._busy)

    def _add(self, series: Series, block: Integers, durations: Integers) -> None:
        if len(durations):
            self._series.setdefault(series, _Cells()).add(block << _BUCKET | bucket(durations))

    def _make_room(self, last: int) -> None:
        """Double the width of the blocks until a moment is in one of them."""
        while last >> self._bits >= MOST_BLOCKS:
            self._bits += 1
            self._ended, self._failed, self._busy = map(_halved, (self._ended, self._failed, self._busy))
            for cells in self._series.values():
                cells.halve_blocks()


_NONE: Integers = np.empty(0, np.int64)


@dataclass
class _Cells:
    """How often each pair of block and bucket occurred, for the pairs that did."""

    keys: Integers = field(default_factory=lambda: _NONE)
    counts: Integers = field(default_factory=lambda: _NONE)
    pending: list[Integers] = field(default_factory=list)

    def add(self, keys: Integers) -> None:
        self.pending.append(keys)
        if sum(map(len, self.pending)) > _PENDING:
            self.compact()

    def compact(self) -> tuple[Integers, Integers]:
        if self.pending:
            new = np.concatenate(self.pending)
            self.pending = []
            self._count(np.concatenate([self.keys, new]), np.concatenate([self.counts, np.ones(len(new), np.int64)]))
        return self.keys, self.counts

    def halve_blocks(self) -> None:
        keys, counts = self.compact()
        self._count(keys >> (_BUCKET + 1) << _BUCKET | keys & ((1 << _BUCKET) - 1), counts)

    def _count(self, keys: Integers, counts: Integers) -> None:
        self.keys, place = np.unique(keys, return_inverse=True)
        self.counts = np.bincount(place, weights=counts, minlength=len(self.keys)).astype(np.int64)


def _halved(blocks: Floats) -> Floats:
    """Return the sums of each two neighbours, followed by empty blocks."""
    return np.concatenate([blocks.reshape(-1, 2).sum(axis=1), np.zeros(MOST_BLOCKS // 2)])
