"""Reads what a test process tells in subunit v2, and makes a `TestResult` of every test as it ends."""

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
BATCH_DONE = "batch done"  # the name of the attachment by which worker.py says that it wants more
STRAY = "not subunit"  # the name of the attachment by which text between packets is told
PARSER = "subunit.parser"  # the name of the test by which a packet that cannot be read is told
_SIGNATURE = b"\xb3"  # with which a packet begins
# Text up to the next packet: a signature that is the last byte of a character, in UTF-8, is none.
_TEXT = re.compile(
    rb"(?:[^\xb3\xc2-\xf4]+|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\xc2-\xf4])"
    rb"{1,10000}"
)
_DEEPEST = 20  # classes, modules and packages that a test is in
_LONGEST_HEAD = 6  # bytes of a packet that come before what it tells
_AT_ONCE = 1 << 20  # bytes of packets that are copied
ATTACHMENT_LIMIT = 64 * 1024  # bytes kept of one attachment: its end, where a traceback says what happened


class TestStream:
    """Folds the events of one stream into results.

    A class or module that could not be set up is no test: what it came to is spread over its planned tests, as Rally
    does. One that could not be torn down makes its last test a failure, told anew: the cloud did not do as it was
    asked, and nobody would look for it elsewhere.
    """

    __test__ = False  # not for pytest to collect

    def __init__(
        self,
        ended: Callable[[TestResult], None],
        *,
        batch_done: Callable[[], None] = lambda: None,
        unplanned: bool = False,
    ) -> None:
        """`unplanned`: tell of every test that the stream has, not only of those that are expected."""
        self._unplanned = unplanned
        self._plan: dict[str, TestId] = {}
        self._ended = ended
        self._batch_done = batch_done
        self._started: dict[str, datetime | None] = {}  # a stream need not have times
        self._latest: datetime | None = None
        self._attached: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._results: dict[str, TestResult] = {}  # by name
        # By class or module: the tests of which nothing is told yet, and that which was the last to be told of.
        self._unheard: dict[str, dict[str, None]] = defaultdict(dict)
        self._last: dict[str, str] = {}

    def plan(self, tests: Iterable[TestId]) -> None:
        """Expect these tests from now on; of others nothing is told.

        They are known by their names: attributes may depend on the configuration, which a listing does not know.
        """
        for test in tests:
            self._plan[test.name] = test
            if test.name not in self._results:
                for scope in _scopes(test.name):
                    self._unheard[scope][test.name] = None

    def running(self) -> set[str]:
        """Return the names of the tests that have begun and not ended."""
        return {TestId(test_id).name for test_id in self._started}

    def read(self, source: BinaryIO) -> None:
        """Read to the end of the stream; returns when the process has closed it, in mid-packet or not."""
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
        """Take one event: the method that subunit calls."""
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
        """Tell of the tests that have begun and not ended as failed, since `why`: there is no more to come."""
        for test_id in tuple(self._started):
            self._attached[test_id]["~"] = why.encode()  # behind all that it said itself
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
        """Take what a test, or a fixture, came to; its name is its whole id."""
        if fixture := FIXTURE.fullmatch(result.name):
            self._spread(fixture["fixture"], fixture["scope"], result)
        elif (test := TestId(result.name)).name in self._plan:
            self._tell(test, result)
        elif self._unplanned:
            self.plan([test])
            self._tell(test, result)

    def _spread(self, fixture: str, scope: str, result: TestResult) -> None:
        if result.status == "success":
            return
        told = False
        if fixture.startswith("setUp"):
            for name in tuple(self._unheard.get(scope, ())):
                self._tell(self._plan[name], replace(result, seconds=0.0))
                told = True
        elif told := scope in self._last:
            name = self._last[scope]
            last = self._results[name]
            traceback = "\n".join(filter(None, [last.traceback, f"{fixture} of {scope}:", result.traceback]))
            traceback = traceback[-ATTACHMENT_LIMIT:]
            self._tell(self._plan[name], replace(last, status="fail", reason="", traceback=traceback))
        if not told and self._unplanned:  # which tests its class has is not known: it stands for them
            alone = TestId(f"{scope}.{fixture}")
            self.plan([alone])
            self._tell(alone, result)

    def _tell(self, test: TestId, result: TestResult) -> None:
        if test.name not in self._results:
            for scope in _scopes(test.name):
                self._unheard[scope].pop(test.name, None)
                self._last[scope] = test.name
        told = replace(result, name=test.name, tags=tuple(sorted({*test.tags, *result.tags})))
        self._results[test.name] = told
        self._ended(told)


def _scopes(name: str) -> Iterator[str]:
    """Yield what a test is in: its class, its module and the packages around it."""
    at = len(name)
    for _ in range(_DEEPEST):
        at = name.rfind(".", 0, at)
        if at < 0:
            return
        yield name[:at]


def replay(content: bytes, result: Any) -> None:
    """Tell `result` of each packet of a stream that is there as a whole; text between them is named `STRAY`.

    subunit goes through text byte by byte, which takes minutes for a log of 100 MB: it is given the packets alone.
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
        except (ValueError, struct.error) as error:  # its checksum is right, and what it says is not
            result.status(test_id=PARSER, test_status="fail", file_name="Parser error", file_bytes=str(error).encode())


def _length(content: bytes, at: int) -> int:
    """Return how long the packet is that begins here, as it says itself."""
    head = content[at + 3 : at + 6]
    size = (head[0] >> 6) + 1 if head else 0  # of the number, whose first two bits say it
    if size == 4:
        return _LONGEST_HEAD  # no packet is so long: subunit goes on behind what it has read of it
    length = int.from_bytes(head[:size]) & ((1 << (8 * size - 2)) - 1) if size else 0
    return len(content) - at if len(head) < 3 or length < _LONGEST_HEAD else length


def listed(output: bytes) -> tuple[list[TestId], str]:
    """Return the tests that a listing names, and whatever else it said: errors of import, log lines."""
    listing = _Listing()
    replay(output, listing)
    return listing.found, listing.said


class _Listing:
    def __init__(self) -> None:
        self.found: list[TestId] = []
        self.said = ""

    def status(
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        file_bytes: bytes | None = None,
        **_unused: Any,
    ) -> None:
        if test_id is not None and test_status == "exists":
            self.found.append(TestId(test_id))
        elif file_bytes:
            self.said += bytes(file_bytes).decode(errors="replace")


def _text(attached: dict[str, bytes], name: str) -> str:
    return attached.get(name, b"").decode(errors="replace")


def _traceback(attached: dict[str, bytes]) -> str:
    """Return the tracebacks of a test, then what it logged: that is where the request ids stand."""
    names = sorted(attached, key=lambda name: (not name.startswith("traceback"), name))
    return "\n".join(filter(None, (_text(attached, name).strip() for name in names)))
