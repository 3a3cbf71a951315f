"""A file with the reason why loads are ended, for when the results database is unavailable at that moment.

Running and judging a load use it if the database has no reason. A second file has a possible cause, such as a full disk
under a stage's log: it is used if a stage ended without giving a reason and nothing else is known.
"""

import json
import time
from contextlib import suppress

from rallycross.owner_only import write_owner_only
from rallycross.results.endings import LOST, WORDLESS
from rallycross.results.models import TaskRow
from rallycross.results.reference import is_of_a_run
from rallycross.settings import settings

STOP_NOTE, POSSIBLE_CAUSE = "stop-note.json", "seen-note.json"  # in the home


def write_note(reason: str, file: str = STOP_NOTE) -> None:
    """Write why all loads of Airflow's runs are ended now, or in the file `POSSIBLE_CAUSE` what may end them."""
    write_owner_only(settings().home / file, json.dumps({"at": time.time(), "reason": reason}))


def noted_reason(since: float, file: str = STOP_NOTE) -> str:
    """Return the reason noted after `since` (seconds since the epoch), or ""."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((settings().home / file).read_text(encoding="utf-8"))
        if float(note["at"]) >= since:
            return str(note["reason"])
    return ""


def why_ended(task: TaskRow) -> str:
    """Return why the load of a task ended whose process is gone."""
    return kept_reason(task) or LOST


def kept_reason(task: TaskRow) -> str:
    """Return the stored reason why a task was ended, or ""."""
    if task.stop_reason or not is_of_a_run(task.uuid):
        return task.stop_reason
    return noted_reason(task.started_at) or noted_reason(task.started_at, POSSIBLE_CAUSE)


def stage_failure(message: str, task: TaskRow | None = None) -> str:
    """Return why a stage failed: its message, else the stored reason of `task`, whose load the stage ran."""
    if message.strip() or task is None:
        return message.strip() or WORDLESS
    return kept_reason(task) or (LOST if any(one.error == LOST for one in task.workloads) else WORDLESS)
