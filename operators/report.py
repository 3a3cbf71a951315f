"""Writes a run's report: HTML for people, JUnit and JSON for machines."""

import re
from collections.abc import Collection
from typing import Any

from airflow.sdk.definitions.context import Context

from operators.stage import PARTS, StageOperator, failed_stages, log_url, own_references, report_url, reports_failure
from rallycross.results.reference import StageName


class ReportOperator(StageOperator):
    """Writes the report of a run, also of one that failed.

    `parts`: the stages that the DAG has; `tests`: the requested set of tests, "none" = no verification.
    `stages`: ids of tasks whose failures the report explains.
    Returns `{"html": path, "junit": path, "json": path}`.
    """

    template_fields = ("tests",)

    def __init__(
        self, *, parts: Collection[StageName] = PARTS, tests: str = "", stages: Collection[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.stages = stages
        self.parts = parts
        self.tests = tests

    @reports_failure
    def execute(self, context: Context) -> dict[str, str]:
        """Write the report into a folder named after the run."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.report.files import write  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        files = write(
            store(),
            **own_references(context, self.parts, self.tests),
            problems=failed_stages(context["ti"], self.stages),
            logs={part: log_url(context["ti"], part) for part in self.parts if part in self.stages},
            folder=settings().reports / re.sub(r"[^\w.+-]", "-", f"{dag_id}-{run_id}"),
        )
        for kind, path in files.items():
            self.log.info("%s: %s", kind, path)
        self.log.info("in Airflow: %s", report_url(context["ti"]))
        return {kind: str(path) for kind, path in files.items()}
