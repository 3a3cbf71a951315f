"""Puts the load of a task file on a cloud, and cleans up after an interrupted load."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import (
    StageOperator,
    StoppableOperator,
    is_true,
    own_reference,
    permitted,
    report_url,
    reports_failure,
    wait_for_load,
)

_POLL = 1.0  # seconds between two checks whether a workload has ended
_LOG_EVERY = 15.0  # seconds between two progress lines of a workload


class BenchmarkOperator(StoppableOperator):
    """Runs a task file. Never retried: an interrupted load is ended with its samples so far, and not run again.

    `cloud`: id of an Airflow connection, or name of a registered cloud.
    `task_file`: path of a task file (relative to the checkout), or its text; `task_args`: arguments of its template.
    `timing`: "intended" or "rally", "" = as in the file; `abort_on_sla_failure`: stop a load that can no longer pass.
    `tags`: further tags of the results; empty ones are left out.
    `from_form`: the task file comes from the form of the run, and is bounded by the settings of the workers; if False,
    the DAG itself names it.
    Returns `{"task": uuid}`.
    """

    template_fields = ("cloud", "task_file", "task_args", "timing", "abort_on_sla_failure", "tags")
    _task = ""  # uuid of the running task
    template_ext = ()

    def __init__(
        self,
        *,
        cloud: str,
        task_file: str,
        task_args: dict[str, Any] | str | None = None,
        timing: str = "",
        abort_on_sla_failure: bool | str = False,
        tags: Collection[str] = (),
        from_form: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"retries": 0, **kwargs})
        self.cloud = cloud
        self.task_file = task_file
        self.task_args = task_args
        self.timing = timing
        self.abort_on_sla_failure = abort_on_sla_failure
        self.tags = tags
        self.from_form = from_form

    def keep_reason(self, reason: str) -> None:
        """Store why the load is told to stop in the results database."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap

        if self._task:
            store().tasks.stop(self._task, reason)

    @reports_failure
    def execute(self, context: Context) -> dict[str, str]:
        """Run the load in this process; samples go to files, progress to the results database."""
        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store  # noqa: PLC0415
        from rallycross import catalogue, task  # noqa: PLC0415
        from rallycross.benchmark import task_run  # noqa: PLC0415
        from rallycross.cloud.cloud import NO_CLOUD  # noqa: PLC0415
        from rallycross.permissions import OWNER  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.yamlfile import source  # noqa: PLC0415

        allowed = permitted(context, self.task_file) if self.from_form else OWNER
        text, file = source(self.task_file, allowed)
        plan = task.load(text, file=file, args=self.task_args or {}, known=catalogue.known(), permissions=allowed)
        for warning in plan.warnings:
            self.log.warning("%s", warning)
        uuid = self._task = own_reference(context, "benchmark")
        self.watch_worker()
        with self._progress_logged(uuid):
            task_run.run(
                replace(plan, timing=self.timing or plan.timing, tags=self._all_tags(plan.tags)),
                OpenStackHook(self.cloud).get_conn() if self.cloud else NO_CLOUD,
                store(),
                uuid=uuid,
                samples=settings().samples,
                stop=self.stop,
                abort_on_sla_failure=is_true("abort_on_sla_failure", self.abort_on_sla_failure),
                tell=self.log.info,
            )
        self.log.info("the figures are in the report: %s", report_url(context["ti"]))
        return {"task": uuid}

    def _all_tags(self, tags: Collection[str]) -> tuple[str, ...]:
        """Return the tags of the task file and the further ones, each once."""
        return tuple(dict.fromkeys(tag for tag in (*tags, *self.tags) if tag))

    @contextmanager
    def _progress_logged(self, uuid: str) -> Iterator[None]:
        """Log the progress of each workload at intervals, and its result."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.benchmark.progress_log import ProgressLog  # noqa: PLC0415

        told, over = ProgressLog(), threading.Event()

        def tell() -> None:
            last = 0.0
            while not over.wait(_POLL):
                row = store().tasks.get(uuid)
                if (now := time.monotonic()) - last >= _LOG_EVERY or told.has_news(row):
                    last = now
                    for line in told.lines(row):
                        self.log.info("%s", line)

        thread = threading.Thread(target=tell, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            for line in told.lines(store().tasks.get(uuid)):
                self.log.info("%s", line)


class CleanOperator(StageOperator):
    """Deletes what a run's load left in the cloud, by the ledger. Returns `{"deleted": n}`."""

    template_fields = ("cloud",)

    def __init__(self, *, cloud: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud = cloud

    @reports_failure
    def execute(self, context: Context) -> dict[str, int]:
        """Delete what is left; a run without a cloud left nothing."""
        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store  # noqa: PLC0415
        from rallycross.benchmark import task_run  # noqa: PLC0415

        uuid = own_reference(context, "benchmark")
        if self.cloud:
            wait_for_load(uuid)
        if not self.cloud or not task_run.standing(store(), self.cloud, uuid):
            raise AirflowSkipException("the load left nothing in the cloud")
        return {"deleted": task_run.clean(OpenStackHook(self.cloud).get_conn(), store(), uuid=uuid)}
