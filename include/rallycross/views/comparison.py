"""What is shown of verifications side by side."""

from dataclasses import dataclass

from rallycross.judging.comparison import Change, Comparison


@dataclass(frozen=True)
class Section:
    """Tests of which the same can be said."""

    kind: str  # the list of the comparison
    title: str
    meaning: str  # a sentence
    changes: tuple[Change, ...]


# List of the comparison, its title, and what stands in it.
_ENDS = (
    ("broken", "Broken", "Passed before, fails in the last."),
    ("mended", "Mended", "Failed before, passes in the last."),
    ("flaky", "Flaky", "Went from passing to failing or back more than once."),
    ("failing", "Failing as before", "Fails in the last, and in no other did it pass."),
)
_PACES = (
    ("slower", "Slower", "Passes still, and takes longer than when it first passed."),
    ("faster", "Faster", "Passes still, and takes less time than when it first passed."),
)


def ends(found: Comparison) -> tuple[Section, ...]:
    """Return the tests that ended otherwise, or fail as before: the lists that have any."""
    return _sections(found, _ENDS)


def paces(found: Comparison) -> tuple[Section, ...]:
    """Return the tests that took another time."""
    return _sections(found, _PACES)


def _sections(found: Comparison, kinds: tuple[tuple[str, str, str], ...]) -> tuple[Section, ...]:
    return tuple(Section(*told, getattr(found, told[0])) for told in kinds if getattr(found, told[0]))
