"""A file that a user names, read within limits: whatever it is, and however large, the answer is quick and a sentence.

Every file that comes from outside goes through here: task files, cloud specs, arguments, lists, results of others.
"""

import os
import select
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rallycross.errors import Complaint, InvalidInput
from rallycross.file_kind import kind_of_bytes
from rallycross.settings import settings

_CHUNK = 1 << 20
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_NAME_IT = "name a file"
_NAME_TEXT = "name a file of text"


def read_text(path: str | Path, *, name: str = "", remedy: str = _NAME_IT, results: bool = False) -> str:
    """Return the text of a file, each line ended by a line feed; raise `InvalidInput` where it cannot be had.

    `name` is what complaints call the file, `remedy` what they advise where there is none. `results`: it was written by
    a program, and may be as large as the settings allow for such.
    """
    name = name or str(path)
    return decoded(read_bytes(path, name=name, remedy=remedy, results=results), name)


def read_bytes(path: str | Path, *, name: str = "", remedy: str = _NAME_IT, results: bool = False) -> bytes:
    """Return the content of a file; see `read_text`."""
    name = name or str(path)
    try:
        mode = Path(path).stat().st_mode
        if kind := next((kind for is_one, kind in _KINDS if is_one(mode)), ""):
            raise InvalidInput([Complaint(name, 0, 0, "", f"cannot be read: it is {kind}", remedy)])
        # Not blocking: a pipe that nobody writes to would be waited for without end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
            return limited(file, name, results=results, wait=stat.S_ISFIFO(mode))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        what = getattr(error, "strerror", None) or str(error)
        raise InvalidInput([Complaint(name, 0, 0, "", f"cannot be read: {what}", remedy)]) from error


def limited(file: IO[bytes], name: str, *, results: bool = False, wait: bool = False) -> bytes:
    """Return what a stream has, unless that is more than is allowed; `wait`: it does not block, and is waited for."""
    most = settings().results_limit if results else settings().file_limit
    found = bytearray()
    while len(found) <= most:
        if wait:
            _wait(file, name)
        piece = file.read(min(_CHUNK, most + 1 - len(found)))
        if not piece:
            return bytes(found)
        found += piece
    raise InvalidInput([too_large(name, results=results)])


def too_large(name: str, *, results: bool = False) -> Complaint:
    """Return the complaint about a file, or a text, that is larger than the settings allow."""
    limits = settings()
    most = limits.results_limit if results else limits.file_limit
    remedy = f"{'give fewer results' if results else 'make several files of it'}, or raise "
    remedy += "RALLYCROSS_RESULTS_LIMIT" if results else "RALLYCROSS_FILE_LIMIT"
    return Complaint(name, 0, 0, "", f"is larger than {most / 1e6:g} MB", remedy)


def too_many(name: str) -> Complaint:
    """Return the complaint about a file of results with more values than the settings allow."""
    what = f"has more than {settings().results_values} values"
    return Complaint(name, 0, 0, "", what, "give fewer results, or raise RALLYCROSS_RESULTS_VALUES")


def decoded(content: bytes, name: str) -> str:
    """Return the text of a file's bytes; raise `InvalidInput` with the place of the first that is not UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if kind := kind_of_bytes(content):
            raise InvalidInput([Complaint(name, 0, 0, "", f"is {kind}, not text", _NAME_TEXT)]) from error
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", errors="replace")) + 1
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        what = f"is not UTF-8 text{', but UTF-16' if utf16 else f': the byte 0x{content[error.start]:02X}'}"
        raise InvalidInput([Complaint(name, line, column, "", what, "save it as UTF-8")]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _wait(file: IO[bytes], name: str) -> None:
    """Wait until there is something to read in a pipe, or nobody has it open for writing any more."""
    poll = select.poll()
    poll.register(file, select.POLLIN | select.POLLHUP)
    patience = settings().pipe_patience
    if not poll.poll(patience * 1000):
        what = f"a named pipe into which nothing was written for {patience:g} s (RALLYCROSS_PIPE_PATIENCE)"
        raise InvalidInput([Complaint(name, 0, 0, "", f"cannot be read: it is {what}", "name a file")])
