"""Runs a task in this process: load, judging, report; its state can be read like that of a DAG run."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rallycross.benchmark import task_run
from rallycross.cli.airflow_run import RunView, StageView, task_details
from rallycross.cloud.cloud import Cloud
from rallycross.errors import RallycrossError
from rallycross.judging.judge import judge
from rallycross.judging.verdict import Verdict, verdict
from rallycross.report import write
from rallycross.results.endings import STOPPED, because
from rallycross.results.store import Store
from rallycross.settings import Settings
from rallycross.task.plan import Task


@dataclass
class _Stage:
    """One stage of the run."""

    name: str
    do: Callable[[], None]
    state: str = ""
    began: float | None = None
    ended: float | None = None


class LocalRun:
    """A task that runs on a thread. `fail` stops the load; what was measured is judged and reported."""

    def __init__(
        self,
        plan: Task,
        cloud: Cloud,
        store: Store,
        *,
        uuid: str,
        paths: Settings,
        drain: float,
        abort_on_sla_failure: bool,
        tell: Callable[[str], None],
    ) -> None:
        self._plan, self._cloud, self._store, self._uuid, self._paths = plan, cloud, store, uuid, paths
        self._drain, self._abort, self._tell = drain, abort_on_sla_failure, tell
        self._stop = threading.Event()
        self._acts = [_Stage("benchmark", self._load), _Stage("judge", self._judge), _Stage("report", self._report)]
        self._thread = threading.Thread(target=self._work, name="run")
        self.error: BaseException | None = None
        self.begun = False  # whether the load has begun
        self.verdict: Verdict | None = None
        self.files: dict[str, Path] = {}

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def look(self, now: float) -> RunView:
        """Return its state at `now` (seconds since the epoch)."""
        stages = tuple(self._stage(act, now) for act in self._acts)
        if self._thread.is_alive():
            return RunView("running", stages)
        return RunView("success" if self.verdict and self.verdict.passed else "failed", stages)

    def fail(self) -> None:
        """Stop the load."""
        self._store.tasks.stop(self._uuid, because(STOPPED, "Ctrl-C of ./rallycross run"))
        self._stop.set()

    def _work(self) -> None:
        for act in self._acts:
            act.state, act.began = "running", time.time()
            try:
                act.do()
            except BaseException as error:  # noqa: BLE001 - the main thread raises it
                self.error = self.error or error
                act.state = "failed"
            else:
                act.state = "success"
            act.ended = time.time()
            try:
                self.begun = self._store.tasks.get(self._uuid) is not None
                if not self.begun:  # there is nothing to judge
                    return
            except RallycrossError as error:  # the results database is lost: judging would fail, too
                self.error = self.error or error
                return

    def _load(self) -> None:
        task_run.run(
            self._plan,
            self._cloud,
            self._store,
            uuid=self._uuid,
            samples=self._paths.samples,
            stop=self._stop,
            drain=self._drain,
            abort_on_sla_failure=self._abort,
            tell=self._tell,
        )

    def _judge(self) -> None:
        judge(self._store, self._uuid, samples=self._paths.samples)
        self.verdict = verdict(self._store, task=self._uuid)

    def _report(self) -> None:
        folder = self._paths.reports / self._uuid
        self.files = write(
            self._store, deployment=None, verification=None, task=self._uuid, folder=folder, samples=self._paths.samples
        )

    def _stage(self, act: _Stage, now: float) -> StageView:
        seconds = max(0.0, (act.ended or now) - act.began) if act.began is not None else None
        task = self._store.tasks.get(self._uuid) if act.name == "benchmark" else None
        return StageView(act.name, act.state, seconds, task_details(task) if task else ())
