"""Splits an openrc into words by bash's rules for quotes and variables, within size limits.

A few lines can double a value until memory runs out, so the size of values and the number of words are limited.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rallycross.errors import RallycrossError, brief
from rallycross.settings import settings

BLANKS = " \t"
ENDS = "\n;&|()<>"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SETTING = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*):?=")
# Literal characters outside and inside of quotes, read in one step since a file may be long.
_PLAIN = re.compile(r"[^\n;&|()<> \t\\'\"$`~{]+")
_PLAIN_IN_QUOTES = re.compile(r"[^\"\\$`]+")


class NotABashFileError(Exception):
    """The file has a syntax error in bash as well."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")


@dataclass
class Word:
    """A word: its text without quotes, or the reason why that is unknown."""

    line: int
    text: str = ""
    raw: str = ""  # as it is written
    plain: int = 0  # characters at its beginning without quotes and expansions
    unknown: str = ""
    asks: list[str] = field(default_factory=list)  # variables in it whose values are unknown
    braces: bool = False
    tildes: list[int] = field(default_factory=list)  # positions of unquoted tildes in the text
    pieces: list[str] = field(default_factory=list)  # parts of the text, while it is read
    length: int = 0  # of the parts, in characters

    def take(self, piece: str) -> None:
        """Append to the text."""
        self.pieces.append(piece)
        self.length += len(piece)


class Words:
    """Reads a text once, word by word. `known` has the current values of variables.

    `lose` is called with the reason if a word makes everything after it uncertain; `sets` with each variable that an
    expansion may set: `${X:=y}`, `$((X = 1))`.
    """

    def __init__(
        self, text: str, known: Mapping[str, str], lose: Callable[[str], None], sets: Callable[[str], None]
    ) -> None:
        self.text, self.at, self.line = text, 0, 1
        self._known, self._lose, self._sets = known, lose, sets
        limits = settings()
        self._most = self._left = limits.file_limit  # characters that values of variables may add to the file
        self._most_words = self._words_left = limits.file_values

    def more(self) -> bool:
        """Return whether there is more text."""
        return self.at < len(self.text)

    def begins(self, *with_one_of: str) -> bool:
        """Return whether the text continues with one of some strings."""
        return self.text.startswith(with_one_of, self.at)

    def comment(self) -> None:
        """Skip to the end of the line."""
        end = self.text.find("\n", self.at)
        self.at = end if end >= 0 else len(self.text)

    def skip(self, count: int) -> str:
        """Skip `count` characters and return them."""
        skipped = self.text[self.at : self.at + count]
        self.line += skipped.count("\n")
        self.at += count
        return skipped

    def word(self) -> Word:
        """Return the word that begins here."""
        self._words_left -= 1
        if self._words_left < 0:
            what = f"is in a file of more than {self._most_words} words"
            raise RallycrossError(f"line {self.line}: {what} - name an openrc, or raise RALLYCROSS_FILE_VALUES")
        word, begins = Word(self.line), self.at
        plain = True
        while self.more():
            here = self.text[self.at]
            if self.begins("\\\n"):
                self.skip(2)
                continue
            if here in BLANKS or here in ENDS:
                break
            if here in "\\'\"$`":
                plain = False
                self._special(word, here)
                continue
            if here == "~":
                word.tildes.append(word.length)
            word.braces = word.braces or here == "{"
            found = _PLAIN.match(self.text, self.at)
            piece = self.skip(len(found[0]) if found else 1)
            word.take(piece)
            word.plain += len(piece) * plain
        word.text, word.pieces = "".join(word.pieces), []
        word.raw = self.text[begins : self.at]
        if self.begins("(") and word.text.endswith("="):
            self._lose("an array")
        return word

    def _special(self, word: Word, here: str) -> None:
        if here == "\\":
            self.skip(1)
            word.take(self.skip(1) or "\\")
        elif here == "'":
            word.take(self._quoted("'"))
        elif here == '"':
            self._double(word)
        elif here == "$" and self.begins("$'", '$"'):
            self.skip(1)
            word.unknown = f"has ${self.text[self.at]}, which has special quoting rules"
            quote = self.skip(1)
            self._past(quote)
        else:
            self._dollar(word)

    def _quoted(self, quote: str) -> str:
        line = self.line
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise NotABashFileError(line, f"the quote {quote} is not closed")
        return self.skip(end + 1 - self.at)[1:-1]

    def _double(self, word: Word) -> None:
        line = self.line
        self.skip(1)
        while self.more():
            here = self.text[self.at]
            if here == '"':
                self.skip(1)
                return
            if here == "\\" and self.text[self.at + 1 : self.at + 2] in {"$", "`", '"', "\\", "\n"}:
                word.take(self.skip(2)[1:].strip("\n"))
            elif here in "$`":
                self._dollar(word)
            else:
                found = _PLAIN_IN_QUOTES.match(self.text, self.at)
                word.take(self.skip(len(found[0]) if found else 1))
        raise NotABashFileError(line, 'the quote " is not closed')

    def _dollar(self, word: Word) -> None:
        """Read an expansion that begins with a dollar or a backtick."""
        if self.skip(1) == "`":
            word.unknown = "has the output of a command (`...`)"
            self._past("`")
        elif self.begins("(("):
            word.unknown = "has the result of a sum ($((...)))"
            self.arithmetic()
        elif self.begins("("):
            word.unknown = "has the output of a command ($(...))"
            self._nested("(", ")")
        elif found := _BRACED.match(self.text, self.at) or NAME.match(self.text, self.at):
            self.skip(len(found[0]))
            self._take_value(word, found[found.re.groups])
        elif self.begins("{"):
            name, begins = NAME.match(self.text, self.at + 1), self.at
            self._nested("{", "}")  # its content may be a secret
            for found in _SETTING.finditer(self.text, begins, self.at):
                self._sets(found[1])
            word.unknown = f"has ${{{brief(name[0]) if name else ''}...}}, which depends on the environment"
        elif self.more() and self.text[self.at] in "@*#?-$!0123456789[":
            word.unknown = f"has ${self.text[self.at]}"
            self.skip(1)
        else:
            word.take("$")

    def arithmetic(self) -> None:
        """Skip `((...))`."""
        begins = self.at
        self._nested("(", ")")
        inside = self.text[begins : self.at]
        if any(sign in inside for sign in ("=", "++", "--")):
            for name in NAME.findall(inside):
                self._sets(name)

    def _take_value(self, word: Word, name: str) -> None:
        if name in self._known:
            word.take(self.value(name))
        else:
            word.asks.append(name)

    def value(self, name: str) -> str:
        """Return the value of a variable, "" if it is unset; raise `RallycrossError` if values become too long."""
        value = self._known.get(name, "")
        self._left -= len(value)
        if self._left < 0:
            what = f"makes values of more than {self._most / 1e6:g} MB of other values"
            raise RallycrossError(f"line {self.line}: {what} - write them out, or raise RALLYCROSS_FILE_LIMIT")
        return value

    def _past(self, quote: str) -> None:
        line = self.line
        while self.more():
            here = self.skip(2 if self.text[self.at] == "\\" else 1)
            if here == quote:
                return
        raise NotABashFileError(line, f"the quote {quote} is not closed")

    def _nested(self, opening: str, closing: str) -> None:
        """Skip a bracket and its content."""
        line, depth = self.line, 0
        while self.more():
            here = self.text[self.at]
            if here == "'" and opening == "(":
                self._quoted("'")
                continue
            if here in '"`':
                self.skip(1)
                self._past(here)
                continue
            if here == "#" and opening == "(" and self.text[self.at - 1].isspace():
                self._lose("a comment in a command's output")
            self.skip(2 if here == "\\" else 1)
            depth += (here == opening) - (here == closing)
            if not depth:
                return
        raise NotABashFileError(line, f"`{opening}` is not closed")
