"""The errors that users see: where, what is wrong, and what to do.

Messages quote what users wrote and what other programs answered, however long that is. So long texts are shortened to
their beginning and end here: each line of a message, each part of a complaint, and the whole message.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

_LONGEST_WORD = 100  # characters of a word that is compared with known ones
_LONGEST_LINE = 4_000  # characters of one line of a message
_LONGEST_MESSAGE = 50_000
_LONGEST_PART = 500  # characters of one part of a complaint
_MOST_COMPLAINTS = 200


def brief(text: str, most: int = 60) -> str:
    """Return a text to quote, shortened to its beginning and end if it has more than `most` characters."""
    if len(text) <= most:
        return text
    end = most // 4
    return f"{text[: most - end - 3]}...{text[-end:]}"


class RallycrossError(Exception):
    """A failure that a user can act on. The message says what, where, and what to do."""

    def __init__(self, message: str = "") -> None:
        lines = "\n".join(brief(line, _LONGEST_LINE) for line in message.split("\n"))
        super().__init__(brief(lines, _LONGEST_MESSAGE))


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing that is wrong with a file that a user wrote."""

    file: str
    line: int  # 1-based; 0 = the whole file
    column: int  # 1-based; 0 = the whole line
    key: str  # dotted path, such as "subtasks[0].scenario.NovaServers.boot_server.flavor"
    what: str
    remedy: str = ""

    def __post_init__(self) -> None:
        for part in ("key", "what", "remedy"):
            object.__setattr__(self, part, brief(getattr(self, part), _LONGEST_PART))

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        key = f"{self.key}: " if self.key else ""
        remedy = f" - {self.remedy}" if self.remedy else ""
        return f"{place}: {key}{self.what}{remedy}"


class InvalidInput(RallycrossError):  # noqa: N818 - the name says what is wrong
    """The complaints about one or more files, in order of place; a very long list is cut."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = sorted(complaints)
        if (left := len(self.complaints) - _MOST_COMPLAINTS) > 1:
            last = self.complaints[_MOST_COMPLAINTS]
            more = replace(last, key="~", what=f"and {left} more", remedy="")
            self.complaints[_MOST_COMPLAINTS:] = [more]
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a remedy that names what the user may have meant, or all known words; "" if there are too many."""
    words = sorted(words)
    by_letters = {one.casefold(): one for one in reversed(words)}  # compared without regard to case
    if (same := by_letters.get(word.casefold())) is not None:
        return f"did you mean {same}?"
    close = get_close_matches(word.casefold(), by_letters, n=3, cutoff=0.6) if len(word) <= _LONGEST_WORD else []
    if close:
        return f"did you mean {' or '.join(by_letters[one] for one in close)}?"
    return f"available: {', '.join(words)}" if 0 < len(words) <= 12 else ""
