"""When a stage is retried: if Airflow failed it, such as after the death of a worker, not if the stage itself failed.

The core itself waits, as long as the settings say, for anything that may recover. So a retry would fail the same way.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowTaskTimeout

from rallycross.errors import RallycrossError


class NotRetryable(RallycrossError):  # noqa: N818
    """A failure that a retry would repeat."""


def _never_after(failure: type[RallycrossError]) -> ExceptionRetryPolicy:
    """Return a policy without retries after such a failure, and after the time-out, which is for all tries together."""
    kinds = (failure, AirflowTaskTimeout)
    return ExceptionRetryPolicy(rules=[RetryRule(exception=kind, action=RetryAction.FAIL) for kind in kinds])


# While Airflow's API is unavailable, up to two minutes on a busy machine, each try fails at once.
_TRIES: dict[str, Any] = {"retries": 12, "retry_delay": timedelta(seconds=15)}
# For stages that can be repeated: deploy, destroy, judge, report, clean.
RETRIED: dict[str, Any] = {**_TRIES, "retry_policy": _never_after(RallycrossError)}
# For verifications: the next try follows the running tests, or runs those without a result.
RESUMED: dict[str, Any] = {**_TRIES, "retry_policy": _never_after(NotRetryable)}
