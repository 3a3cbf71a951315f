"""Finds what dead runs have left in clouds, by the ledger and by names, and deletes it if that is allowed."""

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.definitions.context import Context
from croniter import croniter

from operators.stage import StageOperator, is_true, permitted, reports_failure
from rallycross.cloud.naming import BEGINNINGS
from rallycross.errors import RallycrossError, brief
from rallycross.permissions import NotAllowed
from rallycross.secret import shown_text
from rallycross.settings import Settings

if TYPE_CHECKING:
    from rallycross.cloud.cloud import Cloud
    from rallycross.janitor import TaskLeftovers
    from rallycross.leftovers.by_name import FoundByName

_QUARTERLY = "@quarterly"  # which Airflow knows besides those of cron
LONGEST = 1e9  # minutes; the upper bound of `older_than`
# The XCom has at most so many tasks, groups and errors, and characters of an error. The log has all.
_MOST, _LONGEST = 50, 500


def schedule(paths: Settings) -> str | None:
    """Return when the janitor runs by itself; None = never."""
    given = paths.janitor_schedule
    if given and given != _QUARTERLY and not croniter.is_valid(given):
        raise RallycrossError(
            f"RALLYCROSS_JANITOR_SCHEDULE: {given!r} is not a cron expression - write one such as 30 3 * * *, or @daily"
        )
    return given or None


class ListCloudsOperator(StageOperator):
    """Returns the names of clouds: those in `clouds`, one per line, or else all registered ones."""

    template_fields = ("clouds",)

    def __init__(self, *, clouds: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clouds = clouds

    @reports_failure
    def execute(self, context: Context) -> list[str]:
        """Return the names, each once."""
        del context
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap

        names = [line.strip() for line in self.clouds.splitlines() if line.strip()]
        names = names or [row.name for row in store().clouds.all()]
        self.log.info("clouds: %s", ", ".join(names) or "none is registered")
        return list(dict.fromkeys(names))


class JanitorOperator(StageOperator):
    """Reports what dead runs have left in a cloud, by kind, age and owner, and deletes it if `delete` is true.

    `cloud`: id of an Airflow connection, or name of a registered cloud; `older_than`: by name, leave out the things of
    runs that have made something in the last so many minutes; `names`: beginnings of names, separated by commas.
    Returns a document: `tasks` (what the ledger has), `things` (their number) and `found` (groups) by name, `unlisted`
    (kinds), `deleted` (a number; `None`: not tried) and `errors`.
    """

    template_fields = ("cloud", "delete", "older_than", "names")

    def __init__(
        self, *, cloud: str, delete: bool | str = False, older_than: float | str = 0, names: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.cloud = cloud
        self.delete = delete
        self.older_than = older_than
        self.names = names

    @reports_failure
    def execute(self, context: Context) -> dict[str, Any]:
        """Look, report, and delete what may be deleted; raise if something could not be deleted."""
        from hooks.openstack import OpenStackHook  # noqa: PLC0415 - parsing a DAG stays cheap
        from hooks.results import store  # noqa: PLC0415
        from rallycross import janitor  # noqa: PLC0415

        asked, older_than, beginnings = is_true("delete", self.delete), self._minutes(), self._beginnings()
        may = permitted(context, "").leftovers if asked else "none"
        if asked and may == "none":
            raise NotAllowed(
                "delete: nothing may be deleted by a form",
                "only report, or change RALLYCROSS_DELETE_LEFTOVERS of the worker",
            )
        cloud = OpenStackHook(self.cloud).get_conn()
        cleaned = [
            self._by_ledger(cloud, one, delete=asked) for one in janitor.task_leftovers(store(), cloud=cloud.name)
        ]
        tasks = [task for task, _ in cleaned]
        found = janitor.find_by_name(cloud, store(), older_than=older_than, beginnings=beginnings)
        document = {"cloud": cloud.name, "tasks": tasks[:_MOST], **self._shown(found), "deleted": None}
        errors = [error for _, error in cleaned if error]
        if found.things and may == "all":
            document["deleted"], left = janitor.delete_by_name(found.things)
            errors += map(str, left)
            self.log.info("%d of %d deleted", document["deleted"], len(found.things))
        elif found.things:
            self.log.info("nothing of this was deleted: %s", _why(asked=asked))
        document["errors"] = [brief(shown_text(error), _LONGEST) for error in errors[:_MOST]]
        if errors:
            context["ti"].xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=document)
            raise RallycrossError("\n".join(errors))
        return document

    def _minutes(self) -> float:
        try:
            minutes = float(self.older_than)
        except ValueError:
            minutes = math.nan
        if not 0 <= minutes <= LONGEST:
            what = f"{self.older_than!r} is not a number from 0 to {LONGEST:g}"
            raise RallycrossError(f"older_than: {what} - write minutes")
        return minutes

    def _beginnings(self) -> list[str]:
        names = [name.strip() for name in self.names.split(",") if name.strip()] or list(BEGINNINGS)
        if unknown := [name for name in names if name not in BEGINNINGS]:
            raise RallycrossError(f"names: {unknown[0]!r} is not one of {', '.join(BEGINNINGS)} - use one of these")
        return names

    def _by_ledger(self, cloud: "Cloud", found: "TaskLeftovers", *, delete: bool) -> tuple[dict[str, Any], str]:
        """Log what the ledger has of a task, clean up after it unless it is alive; return a document and the error."""
        from hooks.results import store  # noqa: PLC0415 - parsing a DAG stays cheap
        from rallycross import janitor  # noqa: PLC0415

        kinds = ", ".join(sorted({kind for kind, _ in found.standing}))
        self.log.info(
            "ledger: %d entries of task %s%s: %s",
            len(found.standing),
            found.task,
            ", which is running" if found.alive else "",
            kinds,
        )
        one = {"task": found.task, "alive": found.alive, "entries": len(found.standing), "cleaned": None}
        if delete and not found.alive:
            try:
                one["cleaned"] = janitor.clean_task(cloud, store(), found.task, tell=self.log.info)
            except RallycrossError as error:  # what was found by name is deleted all the same
                return one, str(error)
        return one, ""

    def _shown(self, found: "FoundByName") -> dict[str, Any]:
        """Log what was found by name, and return it as a part of the document."""
        from rallycross.views.leftovers import leftover_groups  # noqa: PLC0415 - parsing a DAG stays cheap

        groups = leftover_groups(found.things, datetime.now(UTC))
        for warning in [*([found.not_searched] if found.not_searched else []), *map(str, found.unlisted)]:
            self.log.warning("%s", warning)
        for group in groups:
            self.log.info(
                "by name: %d %s named %s..., age %s, in %s",
                group.count,
                group.kind,
                group.run,
                group.ages,
                group.owners,
            )
        if not groups and not found.not_searched:
            self.log.info("by name: nothing was found")
        return {
            "things": len(found.things),
            "found": [group.document() for group in groups[:_MOST]],
            "unlisted": [one.kind for one in found.unlisted],
        }


def _why(*, asked: bool) -> str:
    return "RALLYCROSS_DELETE_LEFTOVERS of the worker allows only the ledger" if asked else "delete is off"
