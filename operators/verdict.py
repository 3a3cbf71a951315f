"""Decides whether a run passed. Airflow's own state of a run does not tell: it only depends on the leaf tasks."""

from collections.abc import Collection
from typing import Any

from airflow.sdk.definitions.context import Context

from operators.retries import NotRetryable
from operators.stage import PARTS, StageOperator, failed_stages, own_references, reports_failure
from rallycross.results.reference import StageName


class RunFailed(NotRetryable):
    """The run did not pass. The first line says so; each further line is a reason."""


REASONS = "reasons"  # key of the XCom with the reasons why a run did not pass
INVALID = "invalid"  # key of the XCom that tells whether the only reason is that the load cannot be trusted


class VerdictOperator(StageOperator):
    """Fails unless the run passed; then returns `{"passed": True}`.

    `stages`: ids of tasks that must not have failed, whatever the results are.
    `parts`: the stages that the DAG has; `tests`: the requested set of tests, "none" = no verification.
    """

    template_fields = ("tests",)

    def __init__(
        self, *, stages: list[str], parts: Collection[StageName] = PARTS, tests: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.stages = stages
        self.parts = parts
        self.tests = tests

    @reports_failure
    def execute(self, context: Context) -> dict[str, bool]:
        """Raise `RunFailed` with all reasons if the run did not pass."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.judging.verdict import verdict as judge_run  # noqa: PLC0415
        from rallycross.judging.verdict import with_problems  # noqa: PLC0415

        references = own_references(context, self.parts, self.tests)
        verdict = judge_run(store(), **references)
        self._log_criteria(references["task"])
        failed = failed_stages(context["ti"], self.stages)
        reasons = with_problems(verdict, failed).reasons
        if reasons:
            invalid = verdict.invalid and not failed
            context["ti"].xcom_push(key=REASONS, value=reasons)
            context["ti"].xcom_push(key=INVALID, value=invalid)
            raise RunFailed("\n".join([f"the run {'is INVALID' if invalid else 'did not pass'}:", *reasons]))
        self.log.info("the run passed")
        return {"passed": True}

    def _log_criteria(self, task: str | None) -> None:
        """Log the result of each criterion of each workload."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap

        row = store().tasks.get(task) if task else None
        for workload in row.workloads if row else ():
            for sla in workload.sla_rows:
                self.log.info(
                    "%s: workload %d, %s: %s: %s",
                    "passed" if sla.passed else "FAILED",
                    workload.position + 1,
                    workload.scenario,
                    sla.criterion,
                    sla.detail,
                )
