"""What is missing or damaged in a workload's samples: told by their seals, and by what the store knows of the load."""

import os
from pathlib import Path

from rallycross.results.models import TaskRow, WorkloadRow, WorkloadSlaRow
from rallycross.results.sample_file import SUFFIX, owner_at, owner_of, read_file, sample_files
from rallycross.results.sealed import Gap, Part, is_sealed, parts

DAMAGED_SAMPLES = "damaged_samples"  # criterion of the SLA row that says so
_NAMED = 3  # places in a file


def sample_damage(workload: WorkloadRow, samples: Path) -> list[str]:
    """Return a sentence for each file of a workload that is not as it was written; none where all is well.

    `samples` is the folder of all sample files. Who was killed leaves a file without an end: no damage.
    """
    folder = samples / workload.uuid
    generator, figures = workload.generator or {}, workload.figures
    whole = workload.status == "finished"
    told = {
        str(one["shard"]) for one in generator.get("shards", []) if "shard" in one
    }  # their writers have closed their files
    expected = {str(shard) for shard in range(generator.get("processes", 0))} if whole else told
    measured = figures.count + figures.warm_up + figures.dropped if figures else 0
    if measured and not generator:  # imported
        expected = expected or {"0"}
    found: list[str] = []
    rows = 0
    for path in sample_files(folder):
        expected.discard(path.stem)
        count, gaps = _look(path)
        rows += count
        if owner_of(path) not in {b"", owner_at(path)}:
            owner, _, shard = owner_of(path).decode(errors="replace").partition("/")
            found.append(f"{path}: not this workload's file, but shard {shard} of workload {owner}: it is left out")
        else:
            places = [_place(gap, path) for gap in gaps if gap.what != "unfinished" or whole or path.stem in told]
            more = f", and {len(places) - _NAMED} more places" if len(places) > _NAMED else ""
            found += [f"{path}: {'; '.join(places[:_NAMED])}{more}"] if places else []
    found += [_missing(folder / f"{shard}{SUFFIX}") for shard in sorted(expected)]
    if rows < measured:
        found.append(f"{folder}: {measured - rows} of the {measured} iterations that were judged are not there")
    return found


def damage_detail(workload: WorkloadRow, samples: Path) -> str:
    """Return what is wrong with a workload's samples and what to do, empty where nothing is."""
    found = sample_damage(workload, samples)
    if not found:
        return ""
    return f"the figures lack what is lost: {'. '.join(found)} - take it from a backup, or run the load again"


def mark_damage(task: TaskRow, samples: Path) -> list[str]:
    """Give each workload of a task, as it was read, a failed row for what its samples have lost since it was judged.

    Return the details of these rows.
    """
    details = []
    for workload in task.workloads:
        detail = damage_detail(workload, samples)
        mark(workload, DAMAGED_SAMPLES, detail)
        details += [detail] if detail else []
    return details


def mark(workload: WorkloadRow, criterion: str, detail: str) -> None:
    """Let a workload, as it was read, have one failed row of a criterion, with this detail; none where it is empty."""
    workload.sla_rows = [row for row in workload.sla_rows if row.criterion != criterion]
    if detail:
        workload.sla_rows.append(
            WorkloadSlaRow(workload_uuid=workload.uuid, criterion=criterion, passed=False, detail=detail)
        )
        workload.passed = None if workload.passed is None else False


def _look(path: Path) -> tuple[int, list[Gap]]:
    """Return how many iterations a file has, and its gaps."""
    rows, gaps = 0, []
    for found in parts(path, owner_at(path)) if is_sealed(path) else read_file(path):
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            rows += found.rows if isinstance(found, Part) else found.num_rows
    return rows, gaps


def _missing(path: Path) -> str:
    return f"{path}: {'what stands there is no file' if os.path.lexists(path) else 'the file is missing'}"


def _place(gap: Gap, path: Path) -> str:
    size = path.stat().st_size
    if not size:
        return "the file is empty"
    match gap.what:
        case "appended":
            return f"{gap.end - gap.start} bytes behind its end, from byte {gap.start} on, are not its own"
        case "unfinished":
            return f"the file ends at byte {gap.start} of {size}, before its last batch, or is damaged from there on"
        case _ if gap.start == gap.end:
            return f"a part is missing at byte {gap.start}{_lost(gap)}"
        case _:
            return f"bytes {gap.start} to {gap.end} are damaged{_lost(gap)}"


def _lost(gap: Gap) -> str:
    return f": {gap.lost} iterations are lost" if gap.lost else ""
