"""Puts load on a cloud as a task file says, and cleans up after a load that could not do so itself."""

from dataclasses import replace
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import StoppableOperator, is_true, own_reference, permitted, tells_why


class BenchmarkOperator(StoppableOperator):
    """Runs a task file. Never retried: a load that was interrupted is closed with what was measured, not run again.

    `cloud`: id of an Airflow connection, or name of a registered cloud.
    `task_file`: path of a task file (relative to the checkout), or its text; `task_args`: arguments of its template.
    `timing`: "intended" or "rally", "" = as the file says; `abort_on_sla_failure`: stop a load that can no longer pass.
    Returns `{"task": uuid}`.
    """

    template_fields = ("cloud", "task_file", "task_args", "timing", "abort_on_sla_failure")
    template_ext = ()

    def __init__(
        self,
        *,
        cloud: str,
        task_file: str,
        task_args: dict[str, Any] | str | None = None,
        timing: str = "",
        abort_on_sla_failure: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"retries": 0, **kwargs})
        self.cloud = cloud
        self.task_file = task_file
        self.task_args = task_args
        self.timing = timing
        self.abort_on_sla_failure = abort_on_sla_failure

    @tells_why
    def execute(self, context: Context) -> dict[str, str]:
        """Run the load in this process; samples go to files, progress to the results database."""
        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store  # noqa: PLC0415
        from rallycross import benchmark, catalogue, task  # noqa: PLC0415
        from rallycross.cloud.cloud import NO_CLOUD  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.yamlfile import source  # noqa: PLC0415

        allowed = permitted(context, self.task_file)
        text, file = source(self.task_file, allowed)
        plan = task.load(text, file=file, args=self.task_args or {}, known=catalogue.known(), permissions=allowed)
        for warning in plan.warnings:
            self.log.warning("%s", warning)
        uuid = own_reference(context, "benchmark")
        self.watch_worker()
        benchmark.run(
            replace(plan, timing=self.timing or plan.timing),
            OpenStackHook(self.cloud).get_conn() if self.cloud else NO_CLOUD,
            store(),
            uuid=uuid,
            samples=settings().samples,
            stop=self.stop,
            abort_on_sla_failure=is_true("abort_on_sla_failure", self.abort_on_sla_failure),
            tell=self.log.info,
        )
        return {"task": uuid}


class CleanOperator(BaseOperator):
    """Deletes what the ledger says a run's load has left standing. Returns `{"deleted": n}`."""

    template_fields = ("cloud",)

    def __init__(self, *, cloud: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cloud = cloud

    @tells_why
    def execute(self, context: Context) -> dict[str, int]:
        """Delete; a run that has no cloud has left nothing."""
        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store  # noqa: PLC0415
        from rallycross import benchmark  # noqa: PLC0415

        uuid = own_reference(context, "benchmark")
        if not self.cloud or not benchmark.standing(store(), self.cloud, uuid):
            raise AirflowSkipException("the load has left nothing")
        return {"deleted": benchmark.clean(OpenStackHook(self.cloud).get_conn(), store(), uuid=uuid)}
