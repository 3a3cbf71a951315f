"""A store, a place for samples, a way to stop, and perhaps a cloud: what a benchmark runs with."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rallycross import catalogue, task
from rallycross.benchmark import task_run
from rallycross.cloud.cloud import NO_CLOUD
from rallycross.judging.judge import judge
from rallycross.results.models import WorkloadRow
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

UUID = "99999999-2222-4333-8444-555555555555"


class Alone:
    """Runs tasks that need no cloud."""

    def __init__(self, store: Store, samples: Path) -> None:
        self.store, self.samples = store, samples
        self.stop = threading.Event()
        self.told: list[str] = []
        self.came: list[bool] = []  # whether the moments that were waited for came

    def run(self, *subtasks: dict[str, Any], **options: Any) -> list[WorkloadRow]:
        """Run a task of these subtasks, judge it, and return its workloads."""
        text = yaml.safe_dump({"version": 2, "title": "T", "subtasks": [{"title": "s", **one} for one in subtasks]})
        task_run.run(
            task.load(text, known=catalogue.known()),
            NO_CLOUD,
            self.store,
            uuid=UUID,
            samples=self.samples,
            stop=self.stop,
            tell=self.told.append,
            **options,
        )
        judge(self.store, UUID, samples=self.samples)
        return self.workloads()

    def workloads(self) -> list[WorkloadRow]:
        """Return the workloads as they are stored; none before the task has begun."""
        row = self.store.tasks.get(UUID)
        return row.workloads if row else []

    def measured(self, workload: WorkloadRow) -> list[dict[str, Any]]:
        """Return the samples of a workload."""
        return read_samples(self.samples / workload.uuid).to_pylist()

    def done(self, position: int = 0) -> int:
        """Return how many iterations of a workload have been seen to end."""
        workloads = self.workloads()
        return (workloads[position].progress or {}).get("done", 0) if workloads else 0

    def meanwhile(self, moment: Callable[[], bool], act: Callable[[], object]) -> threading.Thread:
        """Do something at a moment of the run that is about to begin."""

        def wait() -> None:
            deadline = time.monotonic() + 60
            while not (came := moment()) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.came.append(came)
            act()

        thread = threading.Thread(target=wait)
        thread.start()
        return thread


@pytest.fixture(name="alone")
def _alone(sqlite_store: Store, tmp_path: Path) -> Iterator[Alone]:
    """Give what a benchmark without a cloud needs; what a test waited for must have come."""
    alone = Alone(sqlite_store, tmp_path / "samples")
    yield alone
    assert all(alone.came)
