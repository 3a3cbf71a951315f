"""Results come from files and go to files, and nothing of them is lost on the way."""

import io
from datetime import UTC, datetime, timedelta

import pytest
import subunit
from hypothesis import given
from hypothesis import strategies as st

from rallycross.errors import RallycrossError
from rallycross.verification.exporting import subunit as exported
from rallycross.verification.importing import results
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
    """Why a test was skipped, and what was raised, come back."""
    made = [
        TestResult("a.B.test_c", "skip", 1.0, 0.0, reason="no such service"),
        TestResult("a.B.test_d", "fail", 2.0, 3.0, traceback="Traceback\nValueError: 1"),
    ]
    assert results(exported(made), file="x") == made


def test_a_class_that_could_not_be_set_up_is_not_lost() -> None:
    """A stream that tells of setUpClass alone has one failed test in its name."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    stream.status(test_id="setUpClass (a.B)", test_status="fail")
    (result,) = results(output.getvalue(), file="x")
    assert (result.name, result.status) == ("a.B.setUpClass", "fail")


JUNIT = b"""<?xml version="1.0"?>
<testsuites><testsuite name="s" timestamp="2026-01-02T03:04:05+00:00">
<testcase classname="a.B" name="test_c" time="1.5"/>
<testcase classname="a.B" name="test_d" time="1,000.5"><failure message="boom">Traceback</failure></testcase>
<testcase classname="a.B" name="test_e"><skipped message="not here"/></testcase>
<testcase classname="a.B" name="test_f" time="x"><error/></testcase>
</testsuite></testsuites>"""


def test_junit_is_read() -> None:
    """Each test case has its status, time, reason and text; a time that is none counts as nothing."""
    found = {result.name: result for result in results(JUNIT, file="x")}
    assert {name: result.status for name, result in found.items()} == {
        "a.B.test_c": "success",
        "a.B.test_d": "fail",
        "a.B.test_e": "skip",
        "a.B.test_f": "fail",
    }
    assert found["a.B.test_c"].started == 1767323045.0
    assert (found["a.B.test_d"].seconds, found["a.B.test_d"].traceback) == (1000.5, "boom\nTraceback")
    assert found["a.B.test_e"].reason == "not here"
    assert found["a.B.test_f"].seconds == 0.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither a subunit v2 stream nor JUnit"),
        (b"\x00\x01", "neither a subunit v2 stream nor JUnit"),
        (b"<testsuites", "not XML"),
        (b"<html/>", "begins with <html>"),
        (b"<testsuites/>", "tells of no test"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>', "has a document type"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>'.encode("utf-16-le"), "has a document type"),
        (b'<?xml version="1.0" encoding="none"?><testsuites/>', "not XML"),
        (exported([TestResult("a.B.test_c", "success", 1.0, 1.0)])[:-3], "is cut off or garbled"),
    ],
)
def test_what_cannot_be_read_whole_is_refused(content: bytes, said: str) -> None:
    """The message names the file, what is wrong with it, and what to do."""
    with pytest.raises(RallycrossError, match=rf"made\.bin: {said}"):
        results(content, file="made.bin")


@pytest.mark.parametrize("written", ["NaN", "-7", "inf", "-inf", "1e308", "abc", ""])
def test_a_duration_that_can_be_none_is_none(written: str) -> None:
    """What stands in the place of a duration in JUnit, and is no number of seconds from 0 on, is 0 s."""
    text = f'<testsuite name="s"><testcase classname="c" name="m" time="{written}"/></testsuite>'
    assert [test.seconds for test in results(text.encode(), file="j.xml")] == [0.0]


def test_a_subunit_test_that_ends_before_it_begins_took_no_time() -> None:
    """A clock that was set back in the middle of a test makes no negative duration."""
    stream = io.BytesIO()
    writer = subunit.StreamResultToBytes(stream)
    began = datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)
    writer.status(test_id="a.b", test_status="inprogress", timestamp=began)
    writer.status(test_id="a.b", test_status="success", timestamp=began - timedelta(seconds=7))
    assert [test.seconds for test in results(stream.getvalue(), file="f")] == [0.0]
