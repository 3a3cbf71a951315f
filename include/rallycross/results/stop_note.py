"""A note of why loads are ended, in a file: who ends them may find the results database away, and does not wait for it.

Who runs or judges such a load reads it where nobody has told the database.
"""

import json
import time
from contextlib import suppress

from rallycross.owner_only import write_owner_only
from rallycross.results.endings import LOST
from rallycross.results.models import TaskRow
from rallycross.results.reference import is_of_a_run
from rallycross.settings import settings

FILE = "stop-note.json"  # in the home


def leave(reason: str) -> None:
    """Note why all loads of Airflow's runs are ended now."""
    write_owner_only(settings().home / FILE, json.dumps({"at": time.time(), "reason": reason}))


def noted(since: float) -> str:
    """Return why loads were ended after a moment, in seconds since the epoch; "" = nobody has left a note since."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((settings().home / FILE).read_text(encoding="utf-8"))
        if float(note["at"]) >= since:
            return str(note["reason"])
    return ""


def why_ended(task: TaskRow) -> str:
    """Return why a task's load has ended whose process is gone."""
    return task.stop_reason or (noted(task.started_at) if is_of_a_run(task.uuid) else "") or LOST
