"""Sections of a comparison of verifications."""

from dataclasses import dataclass

from rallycross.judging.verification_comparison import Change, Comparison


@dataclass(frozen=True)
class Section:
    """Tests that changed in the same way."""

    kind: str  # name of the list in `Comparison`
    title: str
    meaning: str  # one sentence
    changes: tuple[Change, ...]


# Name of the list in `Comparison`, title, and meaning.
_OUTCOMES = (
    ("broken", "Broken", "Passed before, fails in the last."),
    ("mended", "Mended", "Failed before, passes in the last."),
    ("flaky", "Flaky", "Went from passing to failing or back more than once."),
    ("failing", "Failing as before", "Fails in the last, and passed in no other."),
)
_DURATIONS = (
    ("slower", "Slower", "Still passes, and takes longer than when it first passed."),
    ("faster", "Faster", "Still passes, and takes less time than when it first passed."),
)


def outcome_sections(found: Comparison) -> tuple[Section, ...]:
    """Return the non-empty sections of tests that ended differently, or fail as before."""
    return _sections(found, _OUTCOMES)


def duration_sections(found: Comparison) -> tuple[Section, ...]:
    """Return the non-empty sections of tests that got slower or faster."""
    return _sections(found, _DURATIONS)


def _sections(found: Comparison, kinds: tuple[tuple[str, str, str], ...]) -> tuple[Section, ...]:
    return tuple(Section(*kind, getattr(found, kind[0])) for kind in kinds if getattr(found, kind[0]))
