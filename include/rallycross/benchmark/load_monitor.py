"""Watches a load from outside: how far it has come, and whether it is worth going on. Reads what is on disk."""

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
    """Folds over the samples of all shards of a load, as they come."""

    def __init__(self, workload: Workload, load: Load, files: Sequence[Path], timing: Timing) -> None:
        self._tails = [Tail(file) for file in files]
        self._timing = timing
        self._total = load.total
        self._progress = Progress(load.total, load.seconds)
        self._criteria = [CRITERIA[name](argument) for name, argument in workload.sla.items()]

    def look(self) -> None:
        """Take what has come since the last time."""
        for tail in self._tails:
            for record in tail.read():
                batch = Batch(record, timing=self._timing)
                self._progress.add(batch)
                for criterion in self._criteria:
                    criterion.add(batch)

    def progress(self, elapsed: float) -> dict[str, Any]:
        """Return how far the load has come `elapsed` seconds after its beginning: see `Progress.at`."""
        return self._progress.at(elapsed)

    def hopeless(self) -> str | None:
        """Return the name of a criterion that is missed whatever comes, if there is one."""
        return next((one.name for one in self._criteria if one.hopeless(self._total)), None)
