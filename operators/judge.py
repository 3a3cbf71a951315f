"""Judges the load of a run: computes statistics and SLA rows from its sample files."""

from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import LOAD, StageOperator, failed_stages, own_reference, reports_failure, wait_for_load


class JudgeOperator(StageOperator):
    """Ends the task of a killed load, computes statistics, judges. Returns `{"passed": bool}`."""

    @reports_failure
    def execute(self, context: Context) -> dict[str, Any]:
        """Judge the run's task, in whatever state its load left it."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.judging.judge import judge  # noqa: PLC0415

        uuid = own_reference(context, "benchmark")
        if store().tasks.get(uuid) is None:
            raise AirflowSkipException("the run has no load to judge: the load never began")
        wait_for_load(uuid)
        judgement = judge(store(), uuid)
        if why := failed_stages(context["ti"], [LOAD]):
            store().tasks.stop(uuid, why[LOAD])
        for workload in judgement.workloads:
            outcome = "passed" if workload.passed else "FAILED"
            self.log.info("%s: workload %d, %s", outcome, workload.position + 1, workload.scenario)
            for row in workload.rows:
                self.log.info("    %s %s: %s", "passed" if row.passed else "FAILED", row.criterion, row.detail)
        return {"passed": judgement.passed}
