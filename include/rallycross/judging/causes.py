"""Why tests failed: groups the failed tests of a verification by cause."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rallycross.judging.failures import normalised
from rallycross.results.models import TestRow
from rallycross.verification.test import FAILED

_REQUEST = re.compile(r"\breq-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_WHO = re.compile(r"\(\w+:\w+\) ")  # tempest's "(Class:test) " before a message
_BLOCK = "Traceback (most recent call last)"
_CHAIN = ("During handling of the above exception", "The above exception was the direct cause")
_LOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_MOST = 4  # lines of a message that are kept; the rest is in the traceback
_SHOWN = 500  # characters


@dataclass
class Cause:
    """A group of tests that failed for the same reason."""

    message: str  # without ids, addresses and figures, which differ between tests
    tests: list[TestRow] = field(default_factory=list)


def causes(tests: Iterable[TestRow]) -> list[Cause]:
    """Return the failed tests grouped by cause, the most frequent first."""
    found: dict[str, Cause] = {}
    for test in tests:
        if test.status in FAILED:
            message = (
                "passed, although it was expected to fail" if test.status == "uxsuccess" else cause(test.traceback)
            )
            found.setdefault(message, Cause(message)).tests.append(test)
    return sorted(found.values(), key=lambda one: (-len(one.tests), one.message))


def cause(traceback: str) -> str:
    """Return the message of the exception that ended a test, without ids, addresses and figures."""
    return _WHO.sub("", normalised(raised(traceback)))[:_SHOWN] or "no reason was recorded"


def raised(traceback: str) -> str:
    """Return the message of the exception that ended a test; of a chain, the last one."""
    lines = traceback.splitlines()
    message: list[str] = []
    at = 0
    while at < len(lines):
        if not lines[at].startswith(_BLOCK):
            at += 1
            continue
        at += 1
        while at < len(lines) and (lines[at].startswith(" ") or not lines[at]):
            at += 1
        message = _message(lines, at)
        at += len(message)
        rest = [line for line in lines[at : at + 4] if line]
        if not any(line.startswith(_CHAIN) for line in rest):
            break
    return "\n".join(message) if message else next((line for line in lines if line.strip()), "")


def request_ids(traceback: str) -> list[str]:
    """Return the request ids in a test's log, in order."""
    return list(dict.fromkeys(_REQUEST.findall(traceback)))


def _message(lines: list[str], at: int) -> list[str]:
    found: list[str] = []
    for line in lines[at : at + _MOST]:
        if not line.strip() or line.startswith((_BLOCK, *_CHAIN)) or _LOG.match(line):
            break
        found.append(line)
    return found
