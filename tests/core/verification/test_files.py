"""Results are imported from and exported to files without loss."""

import bz2
import gzip
import io
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import subunit
from hypothesis import given
from hypothesis import strategies as st
from processor_time import processor_time

from rallycross.errors import RallycrossError
from rallycross.verification.exporting import subunit as exported
from rallycross.verification.importing import results
from rallycross.verification.stream import STRAY, replay
from rallycross.verification.test import TestResult

NAMES = st.from_regex(r"[a-z]{1,5}\.[A-Z][a-z]{0,5}\.test_[a-z]{1,5}", fullmatch=True)
MADE = st.lists(
    st.builds(
        TestResult,
        name=NAMES,
        status=st.sampled_from(["success", "fail", "skip", "xfail", "uxsuccess"]),
        started=st.integers(1, 2_000_000_000).map(float),
        seconds=st.integers(0, 10_000).map(float),
        tags=st.lists(st.sampled_from(["smoke", "slow"]), unique=True).map(lambda tags: tuple(sorted(tags))),
    ),
    min_size=1,
    unique_by=lambda result: result.name,
)


@given(MADE)
def test_what_is_exported_can_be_imported(made: list[TestResult]) -> None:
    """A subunit stream has each test with its status, times and tags, in order."""
    assert results(exported(made), file="x") == made


def test_reasons_and_tracebacks_are_kept() -> None:
    """Reasons of skips and tracebacks survive export and import."""
    made = [
        TestResult("a.B.test_c", "skip", 1.0, 0.0, reason="no such service"),
        TestResult("a.B.test_d", "fail", 2.0, 3.0, traceback="Traceback\nValueError: 1"),
    ]
    assert results(exported(made), file="x") == made


def test_a_class_that_could_not_be_set_up_is_not_lost() -> None:
    """A stream with only a failed setUpClass has one failed test of that name."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    stream.status(test_id="setUpClass (a.B)", test_status="fail")
    (result,) = results(output.getvalue(), file="x")
    assert (result.name, result.status) == ("a.B.setUpClass", "fail")


def test_a_test_in_progress_at_the_end_has_failed() -> None:
    """A test without an end in the stream has failed; it lasts until the last event, and keeps its log."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    stream.status(test_id="a.B.test_c[id-1]", test_status="inprogress", timestamp=began)
    stream.status(test_id="a.B.test_d[id-2,smoke]", test_status="inprogress", timestamp=began)
    stream.status(
        test_id="a.B.test_d[id-2,smoke]", file_name="pythonlogging", file_bytes=b"GET /x", mime_type="text/plain"
    )
    stream.status(test_id="a.B.test_c[id-1]", test_status="success", timestamp=began + timedelta(seconds=5))
    found = results(output.getvalue(), file="x")
    assert [(one.name, one.status, one.seconds) for one in found] == [
        ("a.B.test_c", "success", 5.0),
        ("a.B.test_d", "fail", 5.0),
    ]
    assert found[1].traceback.startswith("GET /x\nin progress at the end")
    assert found[1].tags == ("id-2", "smoke")


def test_a_stream_without_times_loses_no_test_either() -> None:
    """Without timestamps a test in progress has failed too, and no test starts in 1970."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    for name, status in (("a.b", "inprogress"), ("a.b", "success"), ("a.c", "inprogress")):
        stream.status(test_id=name, test_status=status)
    found = results(output.getvalue(), file="x")
    assert [(one.name, one.status, one.seconds) for one in found] == [("a.b", "success", 0.0), ("a.c", "fail", 0.0)]
    assert min(one.started for one in found) > datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@given(MADE, st.lists(st.text(max_size=20), min_size=1))
def test_stray_text_between_packets_loses_no_test(made: list[TestResult], noise: list[str]) -> None:
    """Output of tests between packets, or before the first, is ignored."""
    parts = [noise[number % len(noise)].encode() + exported([one]) for number, one in enumerate(made)]
    assert results(b"log\n" + b"".join(parts), file="x") == made


def test_what_is_compressed_by_gzip_is_read() -> None:
    """Subunit streams and JUnit files that are compressed by gzip are read."""
    made = [TestResult("a.B.test_c", "success", 1.0, 1.0)]
    assert results(gzip.compress(exported(made)), file="x") == made
    junit = b'<testsuite name=""><testcase classname="a.B" name="test_c"/></testsuite>'
    assert [one.name for one in results(gzip.compress(junit), file="x")] == ["a.B.test_c"]


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size limit for files of results applies to the unpacked content."""
    monkeypatch.setenv("RALLYCROSS_RESULTS_LIMIT", "1")
    with pytest.raises(RallycrossError, match="is larger than 1 MB"):
        results(gzip.compress(b"<testsuites>" + b" " * 5_000_000), file="x")


@pytest.mark.parametrize(
    ("fixture", "told"),
    [("setUpClass", "a.B.setUpClass"), ("tearDownClass", "a.B.test_c"), ("setUpModule", "a.B.setUpModule")],
)
def test_a_class_that_had_ended_before_is_not_lost(fixture: str, told: str) -> None:
    """A fixture that fails after the tests of its class is a result of its own, or of the last test."""
    output = io.BytesIO(exported([TestResult("a.B.test_c", "success", 1.0, 1.0)]))
    output.seek(0, io.SEEK_END)
    subunit.StreamResultToBytes(output).status(test_id=f"{fixture} (a.B)", test_status="fail")
    found = {one.name: one.status for one in results(output.getvalue(), file="x")}
    assert found == {"a.B.test_c": "success"} | {told: "fail"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"<testsuites>" * 1000, mtime=0)[:-9], "is truncated or damaged"),
        (bz2.compress(b"<testsuites/>"), "is compressed by bzip2 - unpack it"),
        (b"time: 2014-09-30 12:00:00Z\ntest: a.B.test_c\nsuccess: a.B.test_c\n", "is subunit v1 - .*subunit-1to2"),
        (b"log\ntest: a.B.test_c\nfailure: a.B.test_c [\n\xc2\xb3\n]\n", "is subunit v1 - .*subunit-1to2"),
        (b"\x00\x01", "neither a subunit v2 stream nor JUnit"),
        (b"<testsuites", "not XML"),
        (b"test a.B.test_c\ntags: x\nsuccess a.B.test_c\n", "is subunit v1 - .*subunit-1to2"),
        (b"<html/>", "begins with <html>, .* - name a JUnit file"),
        (b"<!DOCTYPE html><html/>", "is an HTML page - name a JUnit file"),
        (b'\n{"tests": {}}', "is JSON, .* - with Rally use: rally verify report"),
        (b"{0} a.B.test_c [1s] ... ok\n", "neither a subunit v2 stream nor JUnit"),
        (b"<testsuites/>", "has no tests"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>', "has a document type"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>'.encode("utf-16-le"), "has a document type"),
        (b'<?xml version="1.0" encoding="none"?><testsuites/>', "not XML"),
        (exported([TestResult("a.B.test_c", "success", 1.0, 1.0)])[:-3], "is truncated or damaged after 0 tests"),
        (exported([TestResult("a.B.test_c", "success", 1.0, 1.0)])[:9], "is truncated or damaged after 0 tests"),
    ],
)
def test_what_cannot_be_read_whole_is_refused(content: bytes, said: str) -> None:
    """The message has the file, the problem and the remedy."""
    with pytest.raises(RallycrossError, match=rf"made\.bin: {said}"):
        results(content, file="made.bin")


def test_a_subunit_test_that_ends_before_it_begins_took_no_time() -> None:
    """A clock that is set back during a test does not cause a negative duration."""
    stream = io.BytesIO()
    writer = subunit.StreamResultToBytes(stream)
    began = datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)
    writer.status(test_id="a.b", test_status="inprogress", timestamp=began)
    writer.status(test_id="a.b", test_status="success", timestamp=began - timedelta(seconds=7))
    assert [test.seconds for test in results(stream.getvalue(), file="f")] == [0.0]


@given(MADE, st.lists(st.text(max_size=20), min_size=1))
def test_packets_and_text_are_told_apart_as_subunit_does(made: list[TestResult], noise: list[str]) -> None:
    """The events of a stream are the same as those of subunit, byte for byte."""
    content = b"".join(noise[number % len(noise)].encode() + exported([one]) for number, one in enumerate(made))
    here, there = Heard(), Heard()
    replay(content, here)
    by_subunit(content, there)
    assert (here.packets, here.text) == (there.packets, there.text)


class Heard:
    """Records the events of a stream: its packets, and the text between two packets as one event."""

    def __init__(self) -> None:
        self.packets: list[dict[str, Any]] = []
        self.text = b""

    def status(self, **told: Any) -> None:
        """Record an event."""
        if told.get("file_name") == STRAY:
            self.text += told["file_bytes"]
        else:
            self.packets.append(told | {"file_bytes": bytes(told.get("file_bytes") or b"")})


def by_subunit(content: bytes, result: Any) -> None:
    """Read a stream with subunit only."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        subunit.ByteStreamToStreamResult(file, non_subunit_name=STRAY).run(result)


def test_a_long_log_is_no_stream_and_soon_told() -> None:
    """Ten times as much text as packets takes no longer to read."""
    made = [TestResult(f"a.B.test_{number}", "success", 1.0, 1.0) for number in range(2_000)]
    stream = exported(made)
    log = ("2026-01-02 03:04:05 INFO öäü ೳ what it did\n" * (10 * len(stream) // 40)).encode()

    def refuse() -> None:
        with pytest.raises(RallycrossError, match="neither a subunit v2 stream nor JUnit XML"):
            results(log, file="x")

    assert results(stream, file="x") == made
    assert processor_time(refuse) < 2 * processor_time(lambda: results(stream, file="x"))
    assert results(log + stream + log, file="x") == made
