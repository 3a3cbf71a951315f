"""What Rallycross says when it cannot go on: what, where, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_LONGEST_WORD = 100  # that can be a slip of the pen


class RallycrossError(Exception):
    """A failure that a user can act on. The message says what, where, and what to do."""


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing that is wrong with a file that a user wrote."""

    file: str
    line: int  # 1-based; 0 where the file as a whole is meant
    column: int  # 1-based; 0 where the line as a whole is meant
    key: str  # dotted path, such as "subtasks[0].scenario.NovaServers.boot_server.flavor"
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        key = f"{self.key}: " if self.key else ""
        remedy = f" - {self.remedy}" if self.remedy else ""
        return f"{place}: {key}{self.what}{remedy}"


class InvalidInput(RallycrossError):  # noqa: N818 - reads as what it says
    """All complaints about one or more files, in order of place."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = sorted(complaints)
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a remedy that names what the user may have meant, or all that there is."""
    words = sorted(words)
    close = get_close_matches(word, words, n=3, cutoff=0.6) if len(word) <= _LONGEST_WORD else []
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there is: {', '.join(words)}" if 0 < len(words) <= 12 else ""
