"""Detects changes in the history of the recipe that a run belongs to."""

from typing import Any

from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.stage import StageOperator, own_reference, reports_failure


class DetectChangesOperator(StageOperator):
    """Stores and logs the changes that this run confirms, and notifies of each once.

    To be run after `judge`. Returns `{"confirm": bool, "events": [...]}`: whether a confirmation run is asked for (a
    further run of the same recipe on the same cloud, soon), and the changes, as `results changes --json` has them.
    """

    @reports_failure
    def execute(self, context: Context) -> dict[str, Any]:
        """Judge the history up to this run."""
        from hooks.notification import notify  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store  # noqa: PLC0415
        from rallycross.judging.changes.after_run import judge_history  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415
        from rallycross.views.changes import change_entry, judgement_sentences  # noqa: PLC0415

        uuid = own_reference(context, "benchmark")
        if store().tasks.get(uuid) is None:
            raise AirflowSkipException("the run has no figures: the load never began")
        judgement = judge_history(store(), uuid)
        for sentence in judgement_sentences(judgement):
            self.log.info("%s", sentence)
        entries = [change_entry(row) for row in judgement.changes]
        for problem in notify(store(), settings().notify, entries):
            self.log.warning("%s", problem)
        return {"confirm": judgement.confirm, "events": [entry.as_document() for entry in entries]}
