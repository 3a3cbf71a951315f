"""Says why loads end that are about to be ended, so that their reports can."""

import threading
from contextlib import suppress

from rallycross.errors import RallycrossError
from rallycross.results.reference import is_of_a_run
from rallycross.results.stop_note import write_note
from rallycross.results.store import Store
from rallycross.settings import settings


def say_why(reason: str) -> None:
    """Note the reason with all tasks that Airflow runs; without a results database there are none.

    Nobody is kept from ending for the sake of it: what the database has not taken soon stands in a file beside.
    """
    with suppress(OSError):  # a full disk
        write_note(reason)
    telling = threading.Thread(target=_tell, args=(reason,), name="stop-reason", daemon=True)
    telling.start()
    telling.join(settings().end_grace)


def _tell(reason: str) -> None:
    with suppress(RallycrossError):
        store = Store.open()
        store.database.patience = settings().end_grace
        for task in store.tasks.running():
            if is_of_a_run(task):
                store.tasks.stop(task, reason)
