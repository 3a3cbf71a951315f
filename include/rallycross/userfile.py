"""Reads files that users name, within limits: whatever the file is, an error comes quickly and as a message.

All input files are read here: task files, cloud specs, arguments, lists, imported results.
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
    """Return the text of a file, with line feeds as line ends; raise `InvalidInput` if it cannot be read.

    Complaints refer to the file by `name` and advise `remedy`. `results`: the file holds results, for which a larger
    limit applies.
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
        # Non-blocking: otherwise opening a pipe without a writer would wait for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
            return limited(file, name, results=results, wait=stat.S_ISFIFO(mode))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        what = getattr(error, "strerror", None) or str(error)
        raise InvalidInput([Complaint(name, 0, 0, "", f"cannot be read: {what}", remedy)]) from error


def limited(file: IO[bytes], name: str, *, results: bool = False, wait: bool = False) -> bytes:
    """Return the content of a stream; raise `InvalidInput` if it is too large. `wait`: the stream is non-blocking."""
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
    """Return the complaint about a file or text that is larger than the settings allow."""
    limits = settings()
    most = limits.results_limit if results else limits.file_limit
    remedy = f"{'give fewer results' if results else 'split it into several files'}, or raise "
    remedy += "RALLYCROSS_RESULTS_LIMIT" if results else "RALLYCROSS_FILE_LIMIT"
    return Complaint(name, 0, 0, "", f"is larger than {most / 1e6:g} MB", remedy)


def too_many(name: str) -> Complaint:
    """Return the complaint about a results file with more values than the settings allow."""
    what = f"has more than {settings().results_values} values"
    return Complaint(name, 0, 0, "", what, "give fewer results, or raise RALLYCROSS_RESULTS_VALUES")


def decoded(content: bytes, name: str) -> str:
    """Decode a file's bytes as UTF-8; raise `InvalidInput` with the place of the first invalid byte."""
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
    """Wait until a pipe has data, or has no writer any more."""
    poll = select.poll()
    poll.register(file, select.POLLIN | select.POLLHUP)
    patience = settings().pipe_patience
    if not poll.poll(patience * 1000):
        what = f"a named pipe into which nothing was written for {patience:g} s (RALLYCROSS_PIPE_PATIENCE)"
        raise InvalidInput([Complaint(name, 0, 0, "", f"cannot be read: it is {what}", "name a file")])
