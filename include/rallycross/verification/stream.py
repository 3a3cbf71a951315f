"""Reads the subunit v2 stream of a test process, and makes a `TestResult` of each test as it ends."""

import io
import re
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, get_args

import subunit

from rallycross.verification.test import Status, TestResult
from rallycross.verification.testid import TestId

ENDS: dict[str, Status] = {status: status for status in get_args(Status)}
FIXTURE = re.compile(r"(?P<fixture>(?:setUp|tearDown)(?:Class|Module)) \((?P<scope>[^)]+)\)")
BATCH_DONE = "batch done"  # the attachment with which worker.py asks for the next batch
STRAY = "not subunit"  # the attachment with text between packets
PARSER = "subunit.parser"  # the test id of an unreadable packet
_SIGNATURE = b"\xb3"  # the first byte of a packet
# Text up to the next packet. In UTF-8 the byte may also be the last one of a character.
_TEXT = re.compile(
    rb"(?:[^\xb3\xc2-\xf4]+|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\xc2-\xf4])"
    rb"{1,10000}"
)
_DEEPEST = 20  # levels of classes, modules and packages of a test
_LONGEST_HEAD = 6  # bytes of a packet's header
_AT_ONCE = 1 << 20  # bytes of packets that are copied at a time
ATTACHMENT_LIMIT = 64 * 1024  # bytes kept of an attachment: its end, where a traceback has the error


class TestStream:
    """Turns the events of a stream into results.

    The result of a class or module whose set-up failed is the result of each of its planned tests, as in Rally. If its
    tear-down failed, its last test becomes a failure and is reported again, since the cloud did not behave.
    """

    __test__ = False  # not for pytest to collect

    def __init__(
        self,
        ended: Callable[[TestResult], None],
        *,
        batch_done: Callable[[], None] = lambda: None,
        unplanned: bool = False,
    ) -> None:
        """`unplanned`: report all tests of the stream, not only the planned ones."""
        self._unplanned = unplanned
        self._plan: dict[str, TestId] = {}
        self._ended = ended
        self._batch_done = batch_done
        self._started: dict[str, datetime | None] = {}  # a stream need not have times
        self._latest: datetime | None = None
        self._attached: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._results: dict[str, TestResult] = {}  # by name
        # By class or module: the tests without a result, and the test with the latest result.
        self._without_result: dict[str, dict[str, None]] = defaultdict(dict)
        self._last: dict[str, str] = {}

    def plan(self, tests: Iterable[TestId]) -> None:
        """Report these tests from now on.

        They are matched by name: attributes may depend on the configuration, which a listing does not have.
        """
        for test in tests:
            self._plan[test.name] = test
            if test.name not in self._results:
                for scope in _scopes(test.name):
                    self._without_result[scope][test.name] = None

    def running(self) -> set[str]:
        """Return the names of the tests that have started and not ended."""
        return {TestId(test_id).name for test_id in self._started}

    def read(self, source: BinaryIO) -> None:
        """Read until the process closes the stream, even in the middle of a packet."""
        subunit.ByteStreamToStreamResult(source, non_subunit_name=STRAY).run(self)

    def status(  # noqa: PLR0917 - the signature is subunit's
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        test_tags: set[str] | None = None,
        file_name: str | None = None,
        file_bytes: bytes | None = None,
        timestamp: datetime | None = None,
        **_unused: Any,
    ) -> None:
        """Handle an event: the method that subunit calls."""
        if test_id is None:
            if file_name == BATCH_DONE:
                self._batch_done()
            return
        if file_name is not None and file_bytes:
            attached = self._attached[test_id]
            attached[file_name] = (attached.get(file_name, b"") + bytes(file_bytes))[-ATTACHMENT_LIMIT:]
        self._latest = timestamp or self._latest
        if test_status == "inprogress":
            self._started[test_id] = timestamp
        elif test_status in ENDS:
            self._end(test_id, ENDS[test_status], frozenset(test_tags or ()), timestamp)

    def close(self, why: str) -> None:
        """Report the tests that have started and not ended as failed, with the reason `why`."""
        for test_id in tuple(self._started):
            self._attached[test_id]["~"] = why.encode()  # sorts after its other attachments
            self._end(test_id, "fail", frozenset(), self._latest)

    def _end(self, test_id: str, status: Status, tags: frozenset[str], timestamp: datetime | None) -> None:
        started = self._started.pop(test_id, timestamp)
        attached = self._attached.pop(test_id, {})
        self.take(
            TestResult(
                name=test_id,
                status=status,
                started=started.timestamp() if started else 0.0,
                seconds=max(0.0, (timestamp - started).total_seconds()) if started and timestamp else 0.0,
                tags=tuple(sorted(tags)),
                reason=_text(attached, "reason").strip() if status == "skip" else "",
                traceback=_traceback(attached) if status in {"fail", "xfail"} else "",
            )
        )

    def take(self, result: TestResult) -> None:
        """Take the result of a test or a fixture; its name is the full id."""
        if fixture := FIXTURE.fullmatch(result.name):
            self._spread(fixture["fixture"], fixture["scope"], result)
        elif (test := TestId(result.name)).name in self._plan:
            self._report(test, result)
        elif self._unplanned:
            self.plan([test])
            self._report(test, result)

    def _spread(self, fixture: str, scope: str, result: TestResult) -> None:
        if result.status == "success":
            return
        reported = False
        if fixture.startswith("setUp"):
            for name in tuple(self._without_result.get(scope, ())):
                self._report(self._plan[name], replace(result, seconds=0.0))
                reported = True
        elif reported := scope in self._last:
            name = self._last[scope]
            last = self._results[name]
            traceback = "\n".join(filter(None, [last.traceback, f"{fixture} of {scope}:", result.traceback]))
            traceback = traceback[-ATTACHMENT_LIMIT:]
            self._report(self._plan[name], replace(last, status="fail", reason="", traceback=traceback))
        if not reported and self._unplanned:  # the tests of the class are not known: one result stands for them
            alone = TestId(f"{scope}.{fixture}")
            self.plan([alone])
            self._report(alone, result)

    def _report(self, test: TestId, result: TestResult) -> None:
        if test.name not in self._results:
            for scope in _scopes(test.name):
                self._without_result[scope].pop(test.name, None)
                self._last[scope] = test.name
        full = replace(result, name=test.name, tags=tuple(sorted({*test.tags, *result.tags})))
        self._results[test.name] = full
        self._ended(full)


def _scopes(name: str) -> Iterator[str]:
    """Yield the class, the module and the packages of a test."""
    at = len(name)
    for _ in range(_DEEPEST):
        at = name.rfind(".", 0, at)
        if at < 0:
            return
        yield name[:at]


def replay(content: bytes, result: Any) -> None:
    """Report each packet of a complete stream to `result`; text between packets has the name `STRAY`.

    subunit would read text byte by byte, which takes minutes for a log of 100 MB. So it is only given the packets.
    """
    at = 0
    while at < len(content):
        if text := _TEXT.match(content, at):
            result.status(file_name=STRAY, file_bytes=text[0])
            at = text.end()
            continue
        begins = at
        while content[at : at + 1] == _SIGNATURE and at - begins < _AT_ONCE:
            at += max(_length(content, at), len(_SIGNATURE))
        try:
            subunit.ByteStreamToStreamResult(io.BytesIO(content[begins:at]), non_subunit_name=STRAY).run(result)
        except (ValueError, struct.error) as error:  # a valid checksum, but invalid content
            result.status(test_id=PARSER, test_status="fail", file_name="Parser error", file_bytes=str(error).encode())


def _length(content: bytes, at: int) -> int:
    """Return the length of the packet at this position, from its header."""
    head = content[at + 3 : at + 6]
    size = (head[0] >> 6) + 1 if head else 0  # of the length field, given by its first two bits
    if size == 4:
        return _LONGEST_HEAD  # too long for a packet: subunit continues after its header
    length = int.from_bytes(head[:size]) & ((1 << (8 * size - 2)) - 1) if size else 0
    return len(content) - at if len(head) < 3 or length < _LONGEST_HEAD else length


def listed(output: bytes) -> tuple[list[TestId], str]:
    """Return the tests of a listing, and its other output: import errors, log lines."""
    listing = _Listing()
    replay(output, listing)
    return listing.tests, listing.other


class _Listing:
    def __init__(self) -> None:
        self.tests: list[TestId] = []
        self.other = ""

    def status(
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        file_bytes: bytes | None = None,
        **_unused: Any,
    ) -> None:
        if test_id is not None and test_status == "exists":
            self.tests.append(TestId(test_id))
        elif file_bytes:
            self.other += bytes(file_bytes).decode(errors="replace")


def _text(attached: dict[str, bytes], name: str) -> str:
    return attached.get(name, b"").decode(errors="replace")


def _traceback(attached: dict[str, bytes]) -> str:
    """Return the tracebacks of a test, then its logs, which have the request ids."""
    names = sorted(attached, key=lambda name: (not name.startswith("traceback"), name))
    return "\n".join(filter(None, (_text(attached, name).strip() for name in names)))
