"""Monitors a running load by its sample files: its progress, and whether an SLA can still be met."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rallycross.benchmark.progress import Progress
from rallycross.judging.batch import Batch
from rallycross.judging.sla import CRITERIA
from rallycross.load.load import Load
from rallycross.results.tail import Tail
from rallycross.task.plan import Timing, Workload


class LoadMonitor:
    """Reads the samples of all shards of a load while they are written."""

    def __init__(self, workload: Workload, load: Load, files: Sequence[Path], timing: Timing) -> None:
        self._tails = [Tail(file) for file in files]
        self._timing = timing
        self._total = load.total
        self._progress = Progress(load.total, load.seconds)
        self._criteria = [CRITERIA[name](argument) for name, argument in workload.sla.items()]

    def look(self) -> None:
        """Read the samples that were written since the last call."""
        for tail in self._tails:
            for record in tail.read():
                batch = Batch(record, timing=self._timing)
                self._progress.add(batch)
                for criterion in self._criteria:
                    criterion.add(batch)

    def progress(self, elapsed: float) -> dict[str, Any]:
        """Return the progress of the load `elapsed` seconds after its start: see `Progress.at`."""
        return self._progress.at(elapsed)

    def hopeless(self) -> str | None:
        """Return the name of a criterion that the load can no longer meet, or None."""
        return next((one.name for one in self._criteria if one.hopeless(self._total)), None)
