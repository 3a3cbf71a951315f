"""Missing or damaged samples of a workload, found by their seals and by what the store has on the load."""

import os
from pathlib import Path

from rallycross.results.models import TaskRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.pruned_samples import pruned_at
from rallycross.results.sample_file import SUFFIX, owner_at, owner_of, read_file, sample_files
from rallycross.results.seals import Gap, SealedPart, is_sealed, parts

DAMAGED_SAMPLES = "damaged_samples"  # criterion of the SLA row that reports it
_NAMED = 3  # damaged places of a file that a message names


def sample_damage(workload: WorkloadRow, samples: Path) -> list[str]:
    """Return a sentence for each sample file of a workload that is missing, damaged or not its own.

    `samples` is the folder of all sample files. A file without an end whose writer was killed is not damaged, and
    nothing is missing of samples that were pruned.
    """
    folder = samples / workload.uuid
    if pruned_at(folder):
        return []
    reported, figures = workload.reported, workload.figures
    whole = workload.status == "finished"
    # The shards that their writers closed.
    closed = {str(one.shard) for one in reported.shards if one.shard is not None}
    expected = {str(shard) for shard in range(reported.processes)} if whole else closed
    measured = figures.count + figures.warm_up + figures.dropped if figures else 0
    if measured and not reported.processes:  # imported
        expected = expected or {"0"}
    found: list[str] = []
    rows = 0
    for path in sample_files(folder):
        expected.discard(path.stem)
        count, gaps = _look(path)
        rows += count
        if owner_of(path) not in {b"", owner_at(path)}:
            owner, _, shard = owner_of(path).decode(errors="replace").partition("/")
            found.append(f"{path}: not a file of this workload, but shard {shard} of workload {owner}: it is ignored")
        else:
            places = [_place(gap, path) for gap in gaps if gap.what != "unfinished" or whole or path.stem in closed]
            more = f", and {len(places) - _NAMED} more places" if len(places) > _NAMED else ""
            found += [f"{path}: {'; '.join(places[:_NAMED])}{more}"] if places else []
    found += [_missing(folder / f"{shard}{SUFFIX}") for shard in sorted(expected)]
    if rows < measured:
        found.append(f"{folder}: {measured - rows} of the {measured} iterations that were judged are missing")
    return found


def damage_detail(workload: WorkloadRow, samples: Path) -> str:
    """Return what is wrong with a workload's samples and what to do, or "" if nothing is."""
    found = sample_damage(workload, samples)
    if not found:
        return ""
    return f"the figures lack samples: {'. '.join(found)} - restore them from a backup, or run the load again"


def mark_damage(task: TaskRow, samples: Path) -> list[str]:
    """Add a failed SLA row to each workload of a loaded task whose samples are damaged; return the rows' details."""
    details = []
    for workload in task.workloads:
        detail = damage_detail(workload, samples)
        mark(workload, DAMAGED_SAMPLES, detail)
        details += [detail] if detail else []
    return details


def mark(workload: WorkloadRow, criterion: str, detail: str) -> None:
    """Replace the row of a criterion in a loaded workload by a failed row with this detail, or by none if it is ""."""
    workload.sla_rows = [row for row in workload.sla_rows if row.criterion != criterion]
    if detail:
        workload.sla_rows.append(
            WorkloadSlaRow(workload_uuid=workload.uuid, criterion=criterion, passed=False, detail=detail)
        )
        workload.passed = None if workload.passed is None else False


def _look(path: Path) -> tuple[int, list[Gap]]:
    """Return the number of iterations in a file, and its gaps."""
    rows, gaps = 0, []
    for found in parts(path, owner_at(path)) if is_sealed(path) else read_file(path):
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            rows += found.rows if isinstance(found, SealedPart) else found.num_rows
    return rows, gaps


def _missing(path: Path) -> str:
    return f"{path}: {'not a file' if os.path.lexists(path) else 'the file is missing'}"


def _place(gap: Gap, path: Path) -> str:
    size = path.stat().st_size
    if not size:
        return "the file is empty"
    match gap.what:
        case "appended":
            return f"{gap.end - gap.start} extra bytes follow its end, from byte {gap.start} on"
        case "unfinished":
            return f"the file ends at byte {gap.start} of {size}, before its last batch, or is damaged from there on"
        case _ if gap.start == gap.end:
            return f"a part is missing at byte {gap.start}{_lost(gap)}"
        case _:
            return f"bytes {gap.start} to {gap.end} are damaged{_lost(gap)}"


def _lost(gap: Gap) -> str:
    return f": {gap.lost} iterations are lost" if gap.lost else ""
