"""Samples that were deleted on purpose: a note in the workload's folder says so, and no check takes them for lost."""

import time
from pathlib import Path

from rallycross.file_modes import results_file
from rallycross.results.sample_file import SUFFIX

_NOTE = "pruned"


def prune_samples(folder: Path) -> int:
    """Delete the sample files in a workload's folder and leave the note; return the number of bytes.

    The note comes first: if this is interrupted, what is missing is not taken for lost, and the next call goes on.
    """
    files = [path for path in folder.glob(f"*{SUFFIX}") if path.is_file()]
    if not files:
        return 0
    if not (folder / _NOTE).exists():
        with results_file(folder / _NOTE) as note:
            note.write(time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()).encode())
    size = 0
    for path in files:
        size += path.stat().st_size
        path.unlink()
    return size


def pruned_at(folder: Path) -> str:
    """Return when the samples of a workload were deleted, or "" if they were not."""
    try:
        return (folder / _NOTE).read_text(encoding="utf-8", errors="replace")[:40]
    except OSError:
        return ""
