"""Deletes old results, or only their samples."""

import time
from typing import Any

from airflow.sdk.definitions.context import Context

from operators.stage import StageOperator, is_true, reports_failure
from rallycross.errors import RallycrossError
from rallycross.scheduled_recipes import cron_flaw
from rallycross.settings import Settings


def schedule(paths: Settings) -> str | None:
    """Return when results are pruned without anybody asking; None = never."""
    if paths.prune_schedule and (what := cron_flaw(paths.prune_schedule)):
        raise RallycrossError(f"RALLYCROSS_PRUNE_SCHEDULE: {what} - write one such as 30 3 * * 0, or @weekly")
    return paths.prune_schedule or None


class PruneOperator(StageOperator):
    """Deletes the results that a policy does not keep; see `rallycross.retention`.

    `older_than`: a duration, such as 90d; `keep_tagged`, `samples_only`, `delete`: booleans; without `delete` the log
    only says what would be deleted; `keep_last`: how many of each series are kept; `cloud`: only results of this one,
    "" = of all.
    Returns the number of deleted results, their bytes, and why the others are kept.
    """

    template_fields = ("older_than", "keep_tagged", "keep_last", "samples_only", "cloud", "delete")

    def __init__(
        self,
        *,
        older_than: str,
        keep_tagged: bool | str = True,
        keep_last: int | str = 0,
        samples_only: bool | str = False,
        cloud: str = "",
        delete: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.older_than = older_than
        self.keep_tagged = keep_tagged
        self.keep_last = keep_last
        self.samples_only = samples_only
        self.cloud = cloud
        self.delete = delete

    @reports_failure
    def execute(self, context: Context) -> dict[str, Any]:
        """Delete, or only find, what is old; log each result."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross.duration import duration  # noqa: PLC0415
        from rallycross.retention import Policy, prune, summary  # noqa: PLC0415
        from rallycross.settings import settings  # noqa: PLC0415

        del context
        dry_run = not is_true("delete", self.delete)
        policy = Policy(
            duration(self.older_than),
            keep_tagged=is_true("keep_tagged", self.keep_tagged),
            keep_last=int(self.keep_last),
            samples_only=is_true("samples_only", self.samples_only),
            cloud=self.cloud or None,
        )
        pruned = prune(
            store(),
            settings(),
            policy,
            now=time.time(),
            dry_run=dry_run,
            tell=lambda one: self.log.info("%s", one),
        )
        self.log.info("%s", summary(pruned, dry_run=dry_run))
        return {"dry_run": dry_run, "removed": len(pruned.removed), "bytes": pruned.bytes, "kept": dict(pruned.kept)}
