"""Seals: checksums that show for each part of a sample file whether it is still as it was written.

A sample file is an Arrow stream of parts: its head (the schema), batches (each with its dictionary) and its end (a
batch without rows). The seal is in the part's metadata, so that any Arrow reader can still read the file. It has its
own position in the part, the part's number, its rows, the rows up to its end, and a CRC-32 of the whole part. The CRC
starts with the names of workload and shard, so that a part of another file is not accepted.

A reader finds seals by their first word, at any position, and accepts only whole parts. So damage costs only the
damaged parts: the parts after it are found again, even if bytes are missing or were inserted.
"""

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

KEY = b"seal"
_WORD = b"rallycross-seal-1:"
_FORM = re.compile(
    re.escape(_WORD) + rb"([hbe])([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{12})([0-9a-f]{8})"
)
_FIELDS = b"%c%08x%08x%08x%08x%012x%08x"  # kind, bytes before and after the seal, number, rows, rows so far, CRC
_LENGTH = len(_WORD) + 53
BLANK = _WORD + b"b" + b"0" * 52
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_WINDOW = 64 * 1024

Kind = Literal["head", "batch", "end"]
_LETTERS: dict[Kind, int] = {"head": ord("h"), "batch": ord("b"), "end": ord("e")}
_KINDS: dict[bytes, Kind] = {b"h": "head", b"b": "batch", b"e": "end"}


@dataclass(frozen=True)
class SealedPart:
    """A part that is still as it was written."""

    kind: Kind
    start: int
    rows: int
    data: bytes


@dataclass(frozen=True)
class Gap:
    """Bytes between whole parts or after the last one: from `start` to `end`, which may be equal."""

    start: int
    end: int
    lost: int | None  # iterations; None = unknown
    what: Literal["damaged", "appended", "unfinished"]


def seal(data: bytes, kind: Kind, owner: bytes, *, number: int, rows: int, total: int) -> bytes:
    """Return a part with its seal in the place of `BLANK`; `owner` names workload and shard."""
    at = data.index(BLANK)
    before, after = data[:at], data[at + _LENGTH :]
    fields = (_LETTERS[kind], len(before), len(after), number, rows, total)
    unsigned = _WORD + _FIELDS % (*fields, 0)
    checksum = zlib.crc32(after, zlib.crc32(unsigned, zlib.crc32(before, zlib.crc32(owner))))
    return before + _WORD + _FIELDS % (*fields, checksum) + after


def is_sealed(path: Path) -> bool:
    """Tell whether a file has seals: files of older versions do not."""
    with path.open("rb") as file:
        return next(_seals(file.fileno(), 0, os.fstat(file.fileno()).st_size), None) is not None


def parts(path: Path, owner: bytes) -> Iterator[SealedPart | Gap]:
    """Yield the whole parts of a sealed file and the gaps between them, in order."""
    with path.open("rb") as file:
        descriptor, size = file.fileno(), os.fstat(file.fileno()).st_size
        position, number, total, ended = 0, -1, 0, False
        while (found := _next(descriptor, position, size, owner, number)) is not None:
            part, of = found
            if part.start > position or of.number > number + 1:
                yield Gap(position, part.start, of.total - of.rows - total, "damaged")
            position, number, total = part.start + len(part.data), of.number, of.total
            ended = part.kind == "end"
            yield part
        rest = os.pread(descriptor, len(END_OF_STREAM) + 1, position)
        if not ended:
            yield Gap(position, size, None, "unfinished")
        elif rest != END_OF_STREAM:
            yield Gap(position, size, 0, "appended" if rest else "damaged")


@dataclass(frozen=True)
class _Seal:
    kind: Kind
    at: int
    before: int
    after: int
    number: int
    rows: int
    total: int
    checksum: int


def _next(descriptor: int, position: int, size: int, owner: bytes, number: int) -> tuple[SealedPart, _Seal] | None:
    """Return the next whole part with a number above `number`, so that a repeated part counts once."""
    for found in _seals(descriptor, position, size):
        start, length = found.at - found.before, found.before + _LENGTH + found.after
        if start < position or start + length > size or found.number <= number:
            continue
        data = os.pread(descriptor, length, start)
        if len(data) == length and _checksum(data, found, owner) == found.checksum:
            return SealedPart(found.kind, start, found.rows, data), found
    return None


def _checksum(data: bytes, found: _Seal, owner: bytes) -> int:
    """Return the CRC of a part, computed with zeros in the place of the CRC itself."""
    view = memoryview(data)
    signed = found.before + _LENGTH - 8
    before = zlib.crc32(view[:signed], zlib.crc32(owner))
    return zlib.crc32(view[signed + 8 :], zlib.crc32(b"0" * 8, before))


def _seals(descriptor: int, position: int, size: int) -> Iterator[_Seal]:
    """Yield what looks like a seal from `position` on."""
    while position < size:
        window = os.pread(descriptor, _WINDOW, position)
        for match in _FORM.finditer(window):
            kind, *numbers = match.groups()
            yield _Seal(_KINDS[kind], position + match.start(), *(int(one, 16) for one in numbers))
        if position + len(window) >= size or not window:
            return
        position += len(window) - (_LENGTH - 1)
