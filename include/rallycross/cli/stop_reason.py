"""Records why running loads are about to be stopped, for their reports."""

import threading
from contextlib import suppress

from rallycross.errors import RallycrossError
from rallycross.results.reference import is_of_a_run
from rallycross.results.stop_note import write_note
from rallycross.results.store import Store
from rallycross.settings import settings


def record_stop_reason(reason: str) -> None:
    """Record the reason for all tasks that Airflow runs, in the results database and in a file.

    This never delays the stop for long: if the database does not accept the reason soon, the file still has it.
    """
    with suppress(OSError):  # a full disk
        write_note(reason)
    writing = threading.Thread(target=_write, args=(reason,), name="stop-reason", daemon=True)
    writing.start()
    writing.join(settings().end_grace)


def _write(reason: str) -> None:
    with suppress(RallycrossError):
        store = Store.open()
        store.database.patience = settings().end_grace
        for task in store.tasks.running():
            if is_of_a_run(task):
                store.tasks.stop(task, reason)
