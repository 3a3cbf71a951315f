"""What a load has come to in a test: the cloud's part of it, apart from what a busy machine did to the generator."""

from collections.abc import Iterable

from rallycross.judging.sla import INVALID_LOAD
from rallycross.results.sla_row import SlaRow


def missed(rows: Iterable[SlaRow]) -> dict[str, str]:
    """Return the detail of each criterion that was missed, without the one that speaks of the generator alone."""
    return {row.criterion: row.detail for row in rows if not row.passed and row.criterion != INVALID_LOAD}


def is_invalid(rows: Iterable[SlaRow]) -> bool:
    """Return whether the generator was kept from its work."""
    return any(row.criterion == INVALID_LOAD for row in rows)


def is_believed(said: str, code: int) -> bool:
    """Hold that a command's load has met its criteria; return False where it says that the generator was starved."""
    verdict = next((line for line in said.splitlines() if line in {"PASSED", "INVALID", "FAILED"}), "no verdict")
    assert (verdict, code) in {("PASSED", 0), ("INVALID", 1)}, said[-8000:]
    return verdict == "PASSED"
