"""Says why loads end that are about to be ended, so that their reports can."""

from contextlib import suppress

from rallycross.errors import RallycrossError
from rallycross.results.reference import is_of_a_run
from rallycross.results.store import Store
from rallycross.settings import settings


def say_why(reason: str) -> None:
    """Note the reason with all tasks that Airflow runs; without a results database there are none."""
    with suppress(RallycrossError):
        store = Store.open()
        store.database.patience = settings().end_grace  # nobody is kept from ending for the sake of the reason
        for task in store.tasks.running():
            if is_of_a_run(task):
                store.tasks.stop(task, reason)
