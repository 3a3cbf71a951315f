"""Judges what a run's load has measured: statistics and SLA rows, from the sample files."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import own_reference, tells_why


class JudgeOperator(BaseOperator):
    """Closes what a killed load has left open, computes statistics, judges. Returns `{"passed": bool}`."""

    @tells_why
    def execute(self, context: Context) -> dict[str, Any]:
        """Judge the run's task, whatever state its load has left it in."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.judging.judge import judge  # noqa: PLC0415

        uuid = own_reference(context, "benchmark")
        if store().task(uuid) is None:
            raise AirflowSkipException("the run has no load to judge: it never began")
        return {"passed": judge(store(), uuid).passed}
