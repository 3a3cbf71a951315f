"""Reads results of other tools: a subunit v2 stream or JUnit XML, also compressed by gzip."""

import gzip
import io
import re
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from rallycross.errors import RallycrossError
from rallycross.file_kind import kind_of_bytes
from rallycross.userfile import limited
from rallycross.verification.junit_reader import cases
from rallycross.verification.stream import PARSER, STRAY, TestStream, replay
from rallycross.verification.test import TestResult

_GZIP, _PACKET = b"\x1f\x8b", b"\xb3"  # the first bytes of gzip and of a subunit v2 packet
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # byte order marks and white space
_IN_PROGRESS = "in progress at the end of the stream: its process ended during the test"
_SUBUNIT_V1 = re.compile(
    rb"^(test|testing|success|successful|failure|error|skip|xfail|uxsuccess|time): ?\S", re.MULTILINE
)
_JSON = re.compile(rb"\s*[{\[]\s*[\"{\[\]}]")
# Without colons English text may look similar, so a test and its result are required.
_SUBUNIT_V1_PLAIN = re.compile(
    rb"^test(?:ing)? (?P<test>\S[^\n]*)\n(?:.*\n)?(?:success(?:ful)?|failure|error|skip|xfail|uxsuccess) (?P=test)",
    re.MULTILINE,
)


def results(content: bytes, *, file: str) -> list[TestResult]:
    """Return the tests of a file, in the order in which they ended; raise `RallycrossError` if it has none.

    Names do not have tempest's attributes, whatever the file's format. The failure of a class's set-up or tear-down is
    the failure of its tests.
    """
    content = _unpacked(content, file)
    found: dict[str, TestResult] = {}

    def ended(result: TestResult) -> None:
        found.pop(result.name, None)  # a repeated test counts at its later end
        found[result.name] = result

    stream = TestStream(ended, unplanned=True)
    if (text := content.lstrip(_BEFORE_XML)).startswith(b"<"):
        marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # the parser needs the mark of UTF-16
        _take(cases(content if marked else text, file), stream)
    else:
        _subunit(content, file, stream, found.__len__)
    if not found:
        raise RallycrossError(f"{file}: has no tests - name a subunit v2 stream or a JUnit XML file")
    now = time.time()
    return [result if result.started else replace(result, started=now) for result in found.values()]


def _unpacked(content: bytes, file: str) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return limited(io.BufferedReader(gzip.GzipFile(fileobj=io.BytesIO(content))), file, results=True)
    except (EOFError, OSError, zlib.error) as error:
        raise RallycrossError(f"{file}: is truncated or damaged ({error}) - fetch or create it again") from error


def _take(found: Iterable[TestResult], stream: TestStream) -> None:
    for result in found:
        stream.take(result)


def _subunit(content: bytes, file: str, stream: TestStream, count: Callable[[], int]) -> None:
    packets = _Packets(stream)
    replay(content, packets)
    if not packets.whole and not (packets.garbled and content.startswith(_PACKET)):
        raise RallycrossError(f"{file}: {_something_else(content)}")
    if packets.garbled:
        raise RallycrossError(f"{file}: is truncated or damaged after {count()} tests - export it again")
    stream.close(_IN_PROGRESS)


def _something_else(content: bytes) -> str:
    if not content.strip():
        return "is empty - name a subunit v2 stream or a JUnit XML file"
    if _SUBUNIT_V1.search(content) or _SUBUNIT_V1_PLAIN.search(content):
        return "is subunit v1 - convert it to v2: subunit-1to2 < FILE > NEW"
    if _JSON.match(content):
        return "is JSON, not subunit v2 or JUnit XML - with Rally use: rally verify report --type junit-xml"
    kind = kind_of_bytes(content)
    if kind.startswith("compressed"):
        return f"is {kind} - unpack it, and name the file in it"
    is_kind = f"is {kind}, " if kind and "subunit" not in kind else ""
    return f"{is_kind}neither a subunit v2 stream nor JUnit XML - create one: stestr last --subunit > FILE"


class _Packets:
    """Passes on the events of packets, counts them, and detects damaged ones. Text between packets is ignored."""

    def __init__(self, stream: TestStream) -> None:
        self._stream = stream
        self.whole = 0
        self.garbled = False

    def status(self, **event: Any) -> None:
        """Handle an event: the method that subunit calls."""
        if event.get("test_id") == PARSER:
            self.garbled = True
        elif event.get("file_name") != STRAY:
            self.whole += 1
            self._stream.status(**event)
