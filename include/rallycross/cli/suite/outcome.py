"""What pytest has written about its tests: how long each took, and which failed or were skipped, with the reason."""

import fnmatch
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from rallycross.settings import CHECKOUT

# Tests that take longer than this many seconds are named at the end.
LONG = 60.0
EXPECTED_SKIPS = CHECKOUT / "tests/skips.yaml"


@dataclass(frozen=True)
class Case:
    """One test: `tests/.../test_x.py::name`, seconds, and why it was skipped or failed (None: it was not, did not)."""

    name: str
    seconds: float
    skipped: str | None = None
    failed: str | None = None


def cases(junit: Path) -> list[Case]:
    """Return the tests of a file that pytest has written; none where it was killed before it could."""
    if not junit.exists():
        return []
    # Our own pytest's file, not one that somebody sent.
    found = ET.parse(junit).getroot().iter("testcase")  # noqa: S314
    return [_case(one) for one in found]


def unexpected_skips(found: Iterable[Case], *, file: Path = EXPECTED_SKIPS) -> list[Case]:
    """Return the skipped tests that no entry of the list of expected skips covers."""
    entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    root = os.geteuid() == 0
    patterns = [entry["test"] for entry in entries if not (root and entry.get("unless") == "root")]
    return [
        case
        for case in found
        if case.skipped is not None and not any(fnmatch.fnmatchcase(case.name, pattern) for pattern in patterns)
    ]


def failures(found: Iterable[Case]) -> list[Case]:
    """Return the tests that failed, or whose fixtures did."""
    return [case for case in found if case.failed is not None]


def slowest(found: Iterable[Case], count: int) -> list[Case]:
    """Return those tests that took longest, the longest first."""
    return sorted(found, key=lambda case: -case.seconds)[:count]


def _case(element: ET.Element) -> Case:
    module, name = element.get("classname", ""), element.get("name", "")
    skip = element.find("skipped")
    failure = element.find("failure")
    failure = element.find("error") if failure is None else failure
    return Case(
        f"{module.replace('.', '/')}.py::{name}",
        float(element.get("time", 0)),
        skipped=None if skip is None or skip.get("type") == "pytest.xfail" else skip.get("message", ""),
        failed=None if failure is None else failure.get("message", ""),
    )
