"""Reads the variables that an openrc sets, by bash's rules, without running it.

Values that only a shell can know (the output of a command, the environment, user input, another file) are unknown: for
such a variable the line and the reason are kept, and nothing is guessed, since a wrong password can lock an account.
"""

import os
import re
from collections import deque
from dataclasses import dataclass, field

from rallycross.cloud.openrc_words import BLANKS, ENDS, NAME, NotABashFileError, Word, Words
from rallycross.errors import RallycrossError, brief

REMEDY = "source it, then ./rallycross cloud create --from-sysenv"

_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)")
_ELEMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[.*\]\+?=", re.DOTALL)  # an element of an array
_DESCRIPTOR = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")  # before a redirection: the variable gets its number
_REDIRECTION = re.compile(r"(?:<[<>&]?|>[>&|]?)[ \t]*")
_DECLARE = frozenset({"export", "declare", "typeset", "readonly"})
_TAKEN = re.compile(r"-[xgr]+|--")  # options of declarations that do not change a value
# Commands that may set any variable, or end the file.
_ANYTHING = frozenset(
    {".", "alias", "builtin", "command", "enable", "eval", "exec", "exit", "return", "shopt", "source", "trap"}
)
_HARMLESS = re.compile(r"[-+][aeux]+o?|[-+]o|allexport|errexit|nounset|xtrace|pipefail")
_PATTERN = re.compile(r"[{*?\[]")
_LAST = frozenset({"exit", "return"})
# Commands that set the variables that they name.
_READERS = frozenset({"getopts", "let", "mapfile", "printf", "read", "readarray", "wait"})
_OPENING = frozenset({"if", "while", "until", "for", "select", "case", "{"})
_CLOSING = frozenset({"fi", "done", "esac", "}"})
_BETWEEN = frozenset({"then", "do", "else", "elif", "!", "time"})
_RESERVED = _OPENING | _CLOSING | _BETWEEN | {"function"}
_LOOPS = frozenset({"while", "until", "for", "select"})
_DEEPEST = 100  # nesting of compound commands
_INSIDE = {
    **dict.fromkeys(("then", "else", "elif", "fi"), frozenset({"if", "elif"})),
    **dict.fromkeys(("do", "done"), _LOOPS),
    "esac": frozenset({"case"}),
    "}": frozenset({"{"}),
}


@dataclass(frozen=True)
class Unknown:
    """Why a value is unknown, and in which line."""

    line: int
    why: str


@dataclass
class Openrc:
    """The variables that a file sets."""

    known: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)

    def of(self, *names: str) -> dict[str, str]:
        """Return those of some variables that are set; raise `RallycrossError` if one is unknown."""
        for name in names:
            if name in self.unknown:
                told = self.unknown[name]
                raise RallycrossError(f"line {told.line}: {brief(name)} {told.why} - {REMEDY}")
        return {name: self.known[name] for name in names if name in self.known}


@dataclass
class _Block:
    """A compound command, such as `if`, and whether its body runs (None = unknown)."""

    opened: str
    runs: bool | None
    before: bool | None = None  # whether one of its branches has run
    filled: bool = True  # whether the last opened part has a command


def read_openrc(text: str) -> Openrc:
    """Return the variables that a file sets; raise `RallycrossError` if it is not a bash file."""
    if "\r" in text:
        line = text.count("\n", 0, text.index("\r")) + 1
        raise RallycrossError(
            f"line {line}: has a Windows line end, which bash makes part of the value - convert the file"
        )
    if text.startswith("\ufeff"):
        raise RallycrossError(
            "line 1: begins with a byte order mark, which bash makes part of the first word - save the file without it"
        )
    if "\0" in text:
        raise RallycrossError(
            f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: has a NUL character - name a text file"
        )
    reader = _Reader(text)
    try:
        reader.run()
    except NotABashFileError as error:
        raise RallycrossError(f"{error} - correct it: bash cannot read it either") from None
    reader.found.known.pop("HOME", None)
    return reader.found


class _Reader:
    """Reads a file once, one simple command at a time."""

    def __init__(self, text: str) -> None:
        # HOME is the only variable that is certainly set when the file is sourced.
        self.found = Openrc({"HOME": os.path.expanduser("~")})  # noqa: PTH111 - a piece of text
        self._words = Words(text, self.found.known, self._lose, self._set_by_expansion)
        self._blocks: list[_Block] = []
        self._functions: set[str] = set()
        self._readonly: set[str] = set()
        self._odd: dict[str, str] = {}  # variables whose values bash changes or hides, with the reason
        self._status: bool | None = True  # of the last command
        self._defining = False  # whether the body of a function begins here
        self._after_bracket = False
        self._link = ""  # the operator between the last command and this one

    def run(self) -> None:
        while self._words.more():
            words, end, odd = self._command()
            if words:
                self._simple(words, end, odd)
            elif end not in {"", "\n", ";;"} and not self._after_bracket:
                raise NotABashFileError(self._words.line, f"`{end}` without a command before it")
            elif end == "\n" and self._link in {"&&", "||", "|", "|&"}:
                continue  # the command continues in the next line
            self._link = end
        if self._link in {"&&", "||", "|", "|&"}:
            raise NotABashFileError(self._words.line, f"`{self._link}` without a command after it")
        if self._blocks:
            raise NotABashFileError(self._words.line, f"`{self._blocks[-1].opened}` is not closed")

    def _command(self) -> tuple[list[Word], str, str]:
        """Return the words of a command, its end, and why its assignments are uncertain, if so."""
        words: list[Word] = []
        odd = ""
        self._after_bracket = False
        while self._words.more():
            here = self._words.text[self._words.at]
            if self._words.begins("\\\n"):
                self._words.skip(2)
            elif here in BLANKS:
                self._words.skip(1)
            elif here == "#":
                self._words.comment()
            elif self._words.begins("(("):
                self._words.arithmetic()
                self._status, self._after_bracket = None, True
            elif here in "<>":
                odd = "is set by a command with a redirection"
                self._redirection(words)
            elif here in ENDS:
                end = next((two for two in ("&&", "||", ";;", "|&") if self._words.begins(two)), here)
                self._words.skip(len(end))
                if end in "()":
                    self._bracket(end, words)
                    self._after_bracket, words = True, []
                    continue
                return words, end, odd
            else:
                words.append(self._words.word())
        return words, "", odd

    def _redirection(self, words: list[Word]) -> None:
        """Skip a redirection and its target."""
        if self._words.begins("<<", "<(", ">("):
            self._lose("a here-document or a process instead of a file")
        if words and words[-1].raw.isdecimal() and self._words.text[self._words.at - 1].isdecimal():
            words.pop()  # the number of the file descriptor
        elif words and self._words.text[self._words.at - 1] == "}" and (named := _DESCRIPTOR.fullmatch(words[-1].raw)):
            self._forget(named[1], self._words.line, "is set by a redirection")
        found = _REDIRECTION.match(self._words.text, self._words.at)
        assert found is not None  # the caller has checked it
        self._words.skip(len(found[0]))
        if self._words.at >= len(self._words.text) or self._words.text[self._words.at] in ENDS:
            raise NotABashFileError(self._words.line, f"`{found[0].strip()}` has no target")
        self._words.word()

    def _bracket(self, bracket: str, words: list[Word]) -> None:
        if bracket == "(":
            if words and words[0].raw in _RESERVED - {"function"}:
                self._simple(words, "", "")
                words = []
            if words and words[0].raw == "function":
                words = words[1:]
            if words and (len(words) > 1 or not NAME.fullmatch(words[0].raw)):
                raise NotABashFileError(self._words.line, "`(` in a word")
            self._functions.update(word.text for word in words)
            self._open(_Block("(", False if self._defining else None))
            self._defining = bool(words)
        elif self._blocks and self._blocks[-1].opened == "(":
            self._blocks.pop()
        elif not any(block.opened == "case" for block in self._blocks):
            raise NotABashFileError(self._words.line, "`)` without `(`")

    def _simple(self, words: list[Word], end: str, odd: str) -> None:
        goes_on = self._goes_on()
        if end in {"|", "|&", "&"} or self._link in {"|", "|&"}:
            goes_on = _both(goes_on, None)  # a pipeline runs in a subshell
        if self._blocks:
            self._blocks[-1].filled = True
        left = deque(words)
        while left and left[0].raw in _RESERVED:
            word = left.popleft()
            self._reserved(word, left[0] if left else None)
            if word.raw in {"for", "select", "case"}:
                left.clear()
            if word.raw == "function" and left:
                left.popleft()
            if word.raw in {"!", "time"}:
                goes_on = _both(goes_on, None)
            if left and self._blocks:
                self._blocks[-1].filled = True
        words = list(left)
        sure = _both(self._runs(), goes_on)
        if not words:
            return
        status = self._status
        self._status = None
        if sure is False:
            self._status = status
            return
        self._carried_out(words, sure=sure, odd=odd)

    def _carried_out(self, words: list[Word], *, sure: bool | None, odd: str) -> None:
        prefix = 0
        while prefix < len(words) and self._assignment(words[prefix]):
            prefix += 1
        if prefix < len(words):
            odd = odd or ("is set with other variables before it" if prefix else "")
            if element := _ELEMENT.match(words[prefix].raw):
                self._array(element[1], words[prefix].line)
            self._called(words[prefix], words[prefix + 1 :], sure=sure, odd=odd)
            return
        self._status = True
        for word in words:
            self._assign(word, sure=sure, odd=odd)

    def _goes_on(self) -> bool | None:
        """Return whether `&&` or `||` before this command lets it run."""
        if self._link not in {"&&", "||"} or self._status is None:
            return None if self._link in {"&&", "||"} else True
        return self._status == (self._link == "&&")

    def _reserved(self, word: Word, following: Word | None) -> None:
        name = word.raw
        if name in _OPENING:
            runs = None if name not in {"{", "if"} else False if self._defining else self._runs()
            self._open(_Block(name, runs))
            self._defining = False
            if name in {"for", "select"} and following:
                self._forget(following.text, word.line, "is set by a loop")
            return
        if name == "function":
            self._functions.update([following.text] if following else [])
            self._defining = True
            return
        if name in {"!", "time"}:
            return
        block = self._blocks[-1] if self._blocks else _Block("", None)
        if block.opened not in _INSIDE[name] or not block.filled:
            raise NotABashFileError(word.line, f"`{name}` is out of place")
        block.filled = False
        if name in _CLOSING:
            self._blocks.pop()
            self._status = None
            if self._blocks:
                self._blocks[-1].filled = True
        elif block.opened == "if":
            self._branch(block, name)

    def _open(self, block: _Block) -> None:
        if len(self._blocks) == _DEEPEST:
            what = f"`{block.opened}` in more than {_DEEPEST} others"
            raise RallycrossError(f"line {self._words.line}: has {what} - {REMEDY}")
        self._blocks.append(block)

    def _branch(self, block: _Block, name: str) -> None:
        """Record whether the branch of an `if` that begins here runs."""
        outer = self._runs(-1)
        if name == "then":
            block.runs = self._status if outer else outer
            block.before = block.runs if block.before is None else block.before
        elif name == "else":
            block.runs = (None if block.before is None else not block.before) if outer else outer
        else:  # it depends on more than one test
            block.opened, block.runs = name, None

    def _runs(self, last: int | None = None) -> bool | None:
        """Return whether the current position runs at all."""
        states = [block.runs for block in self._blocks[:last]]
        return False if False in states else None if None in states else True

    def _called(self, name: Word, rest: list[Word], *, sure: bool | None, odd: str) -> None:
        command = name.text
        if command in _LAST and sure:
            self._words.at = len(self._words.text)
            self._blocks.clear()
        elif name.unknown or name.asks or command in _ANYTHING or command in self._functions:
            self._lose(f"`{brief(name.raw)}`, which may set anything or end the file")
        elif command in _DECLARE:
            self._declare(rest, sure=sure, odd=odd, by=command)
        elif command == "unset" or command in _READERS:
            self._set_by(command, rest, sure=sure)
        elif command in {"[", "test"}:
            self._status = self._tested([word for word in rest if word.raw != "]"])
        elif command == "set" and not all(_HARMLESS.fullmatch(word.raw) for word in rest):
            self._lose("`set`, with what may change how the rest is read")
        elif command in {":", "true", "echo"}:
            self._status = True

    def _set_by(self, command: str, words: list[Word], *, sure: bool | None) -> None:
        """Record what `unset`, or a command such as `read`, does to the variables that it names."""
        for word in words:
            name = word.text.partition("=")[0]
            if command == "let":
                for one in NAME.findall(word.text):
                    self._forget(one, word.line, "is set by `let`")
            elif command == "unset" and (word.unknown or word.asks or _PATTERN.search(word.raw)):
                # Many files begin with this; what they set afterwards is known.
                for one in [*self.found.known]:
                    self._forget(one, word.line, "may be taken away by `unset`")
            elif word.unknown or word.asks or _PATTERN.search(word.raw):
                self._lose(f"`{command}`, with what may name any variable")
            elif not NAME.fullmatch(name) or (command == "unset" and self.found.known.get(name) == ""):
                continue
            elif command == "unset" and sure and name not in self._readonly:
                self.found.known[name] = ""
                self.found.unknown.pop(name, None)
                self._odd.pop(name, None)
            elif command in {"mapfile", "readarray"}:
                self._array(name, word.line)
            else:
                self._forget(name, word.line, f"is set by `{command}`")

    @staticmethod
    def _tested(words: list[Word]) -> bool | None:
        match words:
            case [how, what] if how.raw in {"-z", "-n"} and not what.unknown and not what.asks:
                # An unquoted empty word disappears, and `[ -n ]` is true.
                quoted = what.raw.startswith(("'", '"'))
                return (not what.text) == (how.raw == "-z") if what.text or quoted else how.raw == "-z" or None
        return None

    def _declare(self, words: list[Word], *, sure: bool | None, odd: str, by: str) -> None:
        self._status, own = True if sure else None, by == "readonly"
        for word in words:
            if self._assignment(word, quoted=True):
                self._assign(word, sure=sure, odd=odd or ("has braces that bash expands" if word.braces else ""))
            elif element := _ELEMENT.match(word.raw):
                self._array(element[1], word.line)
            elif word.unknown or word.asks or _PATTERN.search(word.raw):
                self._lose("a declaration, with what may name any variable")
            elif not NAME.fullmatch(word.text):
                self._status = None
                odd = odd if _TAKEN.fullmatch(word.raw) else f"is declared with {brief(word.raw)}"
                if by in {"declare", "typeset"} and word.raw.startswith("-") and "n" in word.raw:
                    self._lose("a declaration of another name for a variable")
            elif odd:
                self._forget(word.text, word.line, odd)
            if odd:
                self._odd[word.text.partition("=")[0].rstrip("+")] = odd
            if own or (word.raw.startswith("-") and "r" in word.raw):
                own = True
                self._readonly.add(word.text.partition("=")[0])

    @staticmethod
    def _assignment(word: Word, *, quoted: bool = False) -> re.Match[str] | None:
        """Match the name and operator of an assignment. An argument of `export` may be quoted."""
        found = _ASSIGNED.match(word.text)
        return found if found and (quoted or found.end() <= word.plain) else None

    def _assign(self, word: Word, *, sure: bool | None, odd: str) -> None:
        match = self._assignment(word, quoted=True)
        assert match is not None  # the caller has checked it
        name, begins = match[1], match.end()
        text, why = word.text[begins:], odd or word.unknown
        if word.asks and not why:
            typed = self.found.unknown.get(word.asks[0])
            read = typed is not None and typed.why.endswith("`read`")
            made = f"is made of ${brief(word.asks[0])}, which the file does not set"
            why = "is asked for when it is sourced" if read else made
        home = self.found.known.get("HOME", "")
        pieces, done = [], 0
        for tilde in word.tildes:
            at = tilde - begins
            if at < 0 or (at > 0 and text[at - 1] != ":"):
                continue  # elsewhere a tilde is literal
            if text[at + 1 : at + 2] not in {"", "/", ":"}:
                why = why or "begins with ~ and a name - put it in quotes"
            if not home:
                why = why or "begins with ~, and the file changes HOME"
            pieces += [text[done:at], home]
            done = at + 1
        text = "".join([*pieces, text[done:]])
        if match[2] == "+=":
            why = why or ("" if name in self.found.known else "is added to what the file does not set")
            text = self._words.value(name) + text
        why = why or self._odd.get(name, "")
        if not sure:
            why = why or "is set under a condition"
        if name in self._readonly:
            why = "is set again, and readonly"
        if why:
            self._forget(name, word.line, why)
        else:
            self.found.known[name] = text
            self.found.unknown.pop(name, None)

    def _forget(self, name: str, line: int, why: str) -> None:
        self.found.known.pop(name, None)
        self.found.unknown[name] = Unknown(line, f"cannot be known without running the file: it {why}")

    def _array(self, name: str, line: int) -> None:
        self._odd[name] = "is an array, which is not exported"
        self._forget(name, line, self._odd[name])

    def _set_by_expansion(self, name: str) -> None:
        self._forget(name, self._words.line, "is set while another value is made")

    def _lose(self, what: str) -> None:
        """Raise an error if this command runs: after it, no variable is certain."""
        if self._runs() is not False:
            told = f"has {what}; only a shell knows what it sets"
            raise RallycrossError(f"line {self._words.line}: {told} - {REMEDY}")


def _both(one: bool | None, other: bool | None) -> bool | None:
    return False if False in {one, other} else None if None in {one, other} else True
