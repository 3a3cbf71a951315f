"""A program that searches texts for regular expressions: job and answer are JSON on standard input and output.

It is started by its path, imports nothing of Rallycross, and limits its own resources before it searches.
"""

import json
import re
import resource
import signal
import sys
import warnings
from typing import Any


class _TooLongError(Exception):
    pass


def main() -> None:
    """Search for each pattern in each text."""
    job = json.load(sys.stdin)
    warnings.simplefilter("ignore")  # FutureWarnings about the patterns
    signal.signal(signal.SIGXCPU, _end)
    for what, wanted in ((resource.RLIMIT_CPU, job["seconds"]), (resource.RLIMIT_AS, job["memory"])):
        hardest = resource.getrlimit(what)[1]
        resource.setrlimit(what, (wanted if hardest == resource.RLIM_INFINITY else min(wanted, hardest), hardest))
    wrong: dict[int, str] = {}
    found: list[list[int]] = []
    number = 0
    try:
        for number, pattern in enumerate(job["patterns"]):
            try:
                search = re.compile(pattern).search
            except (re.error, RecursionError, OverflowError) as error:
                wrong[number] = str(error)
                continue
            found.append([at for at, text in enumerate(job["texts"]) if search(text)])
    except _TooLongError:
        wrong[number] = "slow"
    sys.stdout.write(json.dumps({"wrong": wrong, "found": found}))


def _end(*_: Any) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (resource.getrlimit(resource.RLIMIT_CPU)[1],) * 2)
    raise _TooLongError


if __name__ == "__main__":
    main()
