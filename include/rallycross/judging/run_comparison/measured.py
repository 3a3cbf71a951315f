"""What the samples of a workload give to a comparison; why they cannot be used, if they cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rallycross.judging.batch import Batch
from rallycross.judging.rate import per_second
from rallycross.judging.run_comparison.blocks import WHOLE, Blocks, Course, Series
from rallycross.judging.run_comparison.bounds import Bounds
from rallycross.judging.run_comparison.one_run import durations, percentile_bounds
from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.models import WorkloadRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.sample_damage import sample_damage
from rallycross.results.sample_file import read_batches
from rallycross.task.plan import Timing

PERCENTILES = {"median": 0.5, "p95": 0.95}


@dataclass(frozen=True)
class Measured:
    """A workload of one run: the bounds of its percentiles by series, and its course."""

    counts: Mapping[Series, int]  # durations
    percentiles: Mapping[tuple[Series, str], Bounds]
    course: Course
    throughput: float | None
    paced: bool  # whether iterations did not follow one another at once


def measured(row: WorkloadRow, samples: Path, *, timing: Timing, by_action: bool) -> Measured:
    """Read the samples of a workload; the memory does not grow with their number."""
    blocks, first, last = Blocks(), np.inf, -np.inf
    paced = "think_time" in row.runner_args
    for record in read_batches(samples / row.uuid):
        batch = Batch(record, timing=timing)
        blocks.add(batch)
        if len(batch):
            first, last = min(first, float(batch.started.min())), max(last, float(batch.ended.max()))
            paced = paced or bool(batch.paced.any())
    counts, percentiles = {}, {}
    for series in blocks.series if by_action else [WHOLE]:
        found = durations(*blocks.counts(series))
        counts[series] = found.count
        for name, share in PERCENTILES.items() if found.count else ():
            percentiles[series, name] = percentile_bounds(found, share)
    course = blocks.course()
    return Measured(counts, percentiles, course, per_second(int(course.ended.sum()), last - first), paced)


def unusable(row: WorkloadRow, samples: Path, *, even_invalid: bool) -> str:
    """Return why a workload must not be compared, or "" if it may be."""
    if row.status in {"init", "running"}:
        return "its load did not run" if row.status == "init" else "it is still running"
    if when := pruned_at(samples / row.uuid):
        return f"its samples were pruned at {when}"
    if damage := sample_damage(row, samples):
        return f"its samples are damaged: {damage[0]}"
    if not even_invalid:
        for sla in row.sla_rows:
            if sla.criterion == INVALID_LOAD:
                return f"its load is INVALID (--even-invalid compares it all the same): {sla.detail}"
    return ""
