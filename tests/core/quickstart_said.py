"""What the output of a command must say when it has run the quickstart on a cloud that works."""

import re

from judged import is_believed

WORKLOADS = 7


def passed(said: str, code: int) -> None:
    """Hold that all workloads ran, without a failed iteration and within their SLA.

    Other work on the machine may have kept the generator of load: then its load is INVALID, and nothing else is wrong.
    """
    is_believed(said, code)
    failed = re.findall(r"(\d+) of \d+ iterations failed", said)
    assert failed == ["0"] * WORKLOADS, said[-8000:]
