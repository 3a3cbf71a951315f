"""When a stage is tried again: where Airflow failed it, such as by a worker that died, not where the stage itself did.

The core waits for whatever may come back, as long as the settings say. So what it raises, another try would meet again.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowTaskTimeout

from rallycross.errors import RallycrossError


class NotAgain(RallycrossError):  # noqa: N818 - reads as what it says
    """A failure that another try would meet again."""


def _never_after(failure: type[RallycrossError]) -> ExceptionRetryPolicy:
    """Return a policy that ends a stage at such a failure, and at its time-out, which is for all of its tries."""
    kinds = (failure, AirflowTaskTimeout)
    return ExceptionRetryPolicy(rules=[RetryRule(exception=kind, action=RetryAction.FAIL) for kind in kinds])


# While Airflow's API is away, which is two minutes on a busy machine, each try fails as soon as it begins.
_TRIES: dict[str, Any] = {"retries": 12, "retry_delay": timedelta(seconds=15)}
# What begins nothing anew that stands, and what only judges, reports or cleans.
RETRIED: dict[str, Any] = {**_TRIES, "retry_policy": _never_after(RallycrossError)}
# The next try goes on with the tests, or follows them where they still run, and runs none twice.
RESUMED: dict[str, Any] = {**_TRIES, "retry_policy": _never_after(NotAgain)}
