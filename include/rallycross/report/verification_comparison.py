"""A comparison of verifications as one self-contained HTML page."""

import time
from collections.abc import Sequence
from typing import Any

from rallycross.judging.verification_comparison import Comparison
from rallycross.report import pages
from rallycross.results.models import TestRow, VerificationRow
from rallycross.verification.test import FAILED, PASSED
from rallycross.views.verification_comparison import duration_sections, outcome_sections


def page(found: Comparison, runs: Sequence[tuple[VerificationRow, Sequence[TestRow]]]) -> str:
    """Return the page for a comparison; `runs` are its verifications, the oldest first."""
    last = {test.name: test for test in runs[-1][1]}
    return (
        pages.templates()
        .get_template("verification_comparison.html.j2")
        .render(
            found=found,
            runs=[_run(row, tests) for row, tests in runs],
            outcomes=outcome_sections(found),
            durations=duration_sections(found),
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
