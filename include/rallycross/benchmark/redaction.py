"""Removes the secrets of a job from the failures and outputs of its samples."""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice

from rallycross.benchmark.job import Job
from rallycross.load.sample import Failure, Sample
from rallycross.secret import secrets_in, shown, shown_text

_USERS = 64  # users whose passwords are looked for: each costs time in every failure


def redacting(record: Callable[[Sample], None], job: Job) -> Callable[[Sample], None]:
    """Return a function that removes secrets from a sample, then records it. Samples without texts cost nothing."""
    users = islice(job.context_data.users, _USERS)
    clouds = [job.context_data.cloud.config, *(user.cloud.config for user in users)]
    secrets = tuple(dict.fromkeys([*job.secrets, *secrets_in([job.args, clouds])]))

    @lru_cache(maxsize=1024)
    def redacted(text: str) -> str:
        return shown_text(text, secrets)

    def keep(sample: Sample) -> None:
        if sample.failure is not None:
            failure = sample.failure
            sample.failure = Failure(
                failure.kind, redacted(failure.message), redacted(failure.detail), failure.request_id
            )
        if sample.outputs:
            sample.outputs = shown(sample.outputs, secrets)
        record(sample)

    return keep
