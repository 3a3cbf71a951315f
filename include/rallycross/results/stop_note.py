"""A note of why loads are ended, in a file: who ends them may find the results database away, and does not wait for it.

Who runs or judges such a load reads it where nobody has told the database. What may end a stage that does not come to
say so, such as a full disk under its log, is noted beside, and read where nothing else is known.
"""

import json
import time
from contextlib import suppress

from rallycross.owner_only import write_owner_only
from rallycross.results.endings import LOST, WORDLESS
from rallycross.results.models import TaskRow
from rallycross.results.reference import is_of_a_run
from rallycross.settings import settings

FILE, SEEN = "stop-note.json", "seen-note.json"  # in the home


def leave(reason: str, file: str = FILE) -> None:
    """Note why all loads of Airflow's runs are ended now; in the file `SEEN`: what may end them."""
    write_owner_only(settings().home / file, json.dumps({"at": time.time(), "reason": reason}))


def noted(since: float, file: str = FILE) -> str:
    """Return why loads were ended after a moment, in seconds since the epoch; "" = nobody has left a note since."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((settings().home / file).read_text(encoding="utf-8"))
        if float(note["at"]) >= since:
            return str(note["reason"])
    return ""


def why_ended(task: TaskRow) -> str:
    """Return why a task's load has ended whose process is gone."""
    return kept(task) or LOST


def kept(task: TaskRow) -> str:
    """Return what is kept of why a task was ended; "" = nothing."""
    if task.stop_reason or not is_of_a_run(task.uuid):
        return task.stop_reason
    return noted(task.started_at) or noted(task.started_at, SEEN)


def of_stage(said: str, task: TaskRow | None = None) -> str:
    """Return why a stage has failed: what it said; else what is kept of `task`, whose load it was to run."""
    if said.strip() or task is None:
        return said.strip() or WORDLESS
    return kept(task) or (LOST if any(one.error == LOST for one in task.workloads) else WORDLESS)
