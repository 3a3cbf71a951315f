"""What Rallycross says when it cannot go on: what, where, and what to do.

A message quotes what users have written, and what others have answered, however long that is. So what is long is shown
by its beginning and its end, here, where every message comes by: each line, each part of a complaint, and the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

_LONGEST_WORD = 100  # that can be a slip of the pen
_LONGEST_LINE = 4_000  # characters of a message's line: programs say much in one
_LONGEST_MESSAGE = 50_000
_LONGEST_PART = 500  # of a complaint
_MOST_COMPLAINTS = 200


def brief(text: str, most: int = 60) -> str:
    """Return a text that is to be quoted: its beginning and its end, where it has more than so many characters."""
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
    line: int  # 1-based; 0 where the file as a whole is meant
    column: int  # 1-based; 0 where the line as a whole is meant
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


class InvalidInput(RallycrossError):  # noqa: N818 - reads as what it says
    """The complaints about one or more files, in order of place, but for those that nobody would read."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = sorted(complaints)
        if (left := len(self.complaints) - _MOST_COMPLAINTS) > 1:
            last = self.complaints[_MOST_COMPLAINTS]
            more = replace(last, key="~", what=f"and {left} more", remedy="")
            self.complaints[_MOST_COMPLAINTS:] = [more]
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a remedy that names what the user may have meant, or all that there is."""
    words = sorted(words)
    by_letters = {one.casefold(): one for one in reversed(words)}  # whichever of them are capitals
    if (same := by_letters.get(word.casefold())) is not None:
        return f"did you mean {same}?"
    close = get_close_matches(word.casefold(), by_letters, n=3, cutoff=0.6) if len(word) <= _LONGEST_WORD else []
    if close:
        return f"did you mean {' or '.join(by_letters[one] for one in close)}?"
    return f"there is: {', '.join(words)}" if 0 < len(words) <= 12 else ""
