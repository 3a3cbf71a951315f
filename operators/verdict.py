"""Says whether a run passed. Airflow's own state of a run does not: a leaf that is all done counts as success."""

from collections.abc import Collection
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowFailException

from operators.stage import PARTS, PROBLEM, own_references
from rallycross.results.reference import Stage

REASONS = "reasons"  # key of the XCom that says why a run did not pass
INVALID = "invalid"  # key of the XCom that says that it did not only because its load cannot be believed


class VerdictOperator(BaseOperator):
    """Fails unless the run passed. Returns `{"passed": True}`.

    `stages`: ids of the tasks that must not have failed, whatever the results say.
    `parts`: the stages that the DAG has; `tests`: the set of tests that was asked for, "none" = no verification.
    """

    template_fields = ("tests",)

    def __init__(self, *, stages: list[str], parts: Collection[Stage] = PARTS, tests: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stages = stages
        self.parts = parts
        self.tests = tests

    def execute(self, context: Context) -> dict[str, bool]:
        """Raise with all reasons when the run did not pass."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.judging.verdict import verdict as judge_run  # noqa: PLC0415

        verdict = judge_run(
            store(),
            **own_references(context, self.parts, self.tests),
        )
        for row in verdict.rows:
            self.log.info("%s %s: %s", "passed" if row.passed else "FAILED", row.criterion, row.detail)
        failed = self._failed_stages(context["ti"])
        reasons = [*failed, *verdict.reasons]
        if reasons:
            invalid = verdict.invalid and not failed
            context["ti"].xcom_push(key=REASONS, value=reasons)
            context["ti"].xcom_push(key=INVALID, value=invalid)
            raise AirflowFailException(f"the run {'is INVALID' if invalid else 'did not pass'}: " + " ".join(reasons))
        return {"passed": True}

    def _failed_stages(self, ti: Any) -> list[str]:
        """Return a sentence for each failed stage: results may be fine where a stage was marked failed by hand."""
        states = ti.get_task_states(dag_id=ti.dag_id, task_ids=self.stages, run_ids=[ti.run_id])[ti.run_id]
        failed = [stage for stage in self.stages if states.get(stage) == "failed"]
        problems = {stage: ti.xcom_pull(task_ids=stage, key=PROBLEM) for stage in failed}
        return [f"The stage {stage} failed" + (f": {problems[stage]}." if problems[stage] else ".") for stage in failed]
