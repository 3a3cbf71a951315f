"""Verifications side by side as one HTML page that needs nothing but itself."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rallycross.judging.comparison import Change, Comparison
from rallycross.report import pages
from rallycross.results.models import TestRow, VerificationRow
from rallycross.verification.test import FAILED, PASSED

# List of the comparison -> its title on the page, and what stands in it
ENDS = {
    "broken": ("Broken", "Passed before, fails in the last."),
    "mended": ("Mended", "Failed before, passes in the last."),
    "flaky": ("Flaky", "Went from passing to failing or back more than once."),
    "failing": ("Failing as before", "Fails in the last, and in no other did it pass."),
}
PACES = {
    "slower": ("Slower", "Passes still, and takes longer than when it first passed."),
    "faster": ("Faster", "Passes still, and takes less time than when it first passed."),
}


def page(found: Comparison, runs: Sequence[tuple[VerificationRow, Sequence[TestRow]]]) -> str:
    """Return the page on what `judging.comparison.compare` found in these verifications, the oldest first."""
    last = {test.name: test for test in runs[-1][1]}
    return (
        pages.templates()
        .get_template("comparison.html.j2")
        .render(
            found=found,
            runs=[_run(row, tests) for row, tests in runs],
            ends=_sections(found, ENDS),
            paces=_sections(found, PACES),
            tracebacks={name: test.traceback for name, test in last.items() if test.status in FAILED},
            tones={**dict.fromkeys(PASSED, "good"), **dict.fromkeys(FAILED, "bad")},
            written_at=time.time(),
            style=pages.style(),
            policy=pages.policy([]),
        )
    )


def _run(row: VerificationRow, tests: Sequence[TestRow]) -> dict[str, Any]:
    return {
        "row": row,
        "tests": len(tests),
        "passed": sum(test.status in PASSED for test in tests),
        "failed": sum(test.status in FAILED for test in tests),
    }


def _sections(found: Comparison, kinds: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str, Sequence[Change]]]:
    """Return title, meaning and changes of each list that has any."""
    return {kind: (*told, getattr(found, kind)) for kind, told in kinds.items() if getattr(found, kind)}
