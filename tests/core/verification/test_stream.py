"""Complete and damaged streams of subunit v2 are read."""

import io
from datetime import UTC, datetime, timedelta

import subunit
from hypothesis import given
from hypothesis import strategies as st

from rallycross.verification.stream import ATTACHMENT_LIMIT, TestStream, listed
from rallycross.verification.test import TestResult
from rallycross.verification.testid import TestId

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def written(names: list[str]) -> bytes:
    """Return the stream of successful tests that take a second each."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    for number, name in enumerate(names):
        stream.status(test_id=name, test_status="inprogress", timestamp=BEGIN + timedelta(seconds=number))
        stream.status(test_id=name, test_status="success", timestamp=BEGIN + timedelta(seconds=number + 1))
    return output.getvalue()


def read(content: bytes, names: list[str]) -> list[TestResult]:
    """Return the results of a stream."""
    results: list[TestResult] = []
    stream = TestStream(results.append)
    stream.plan(TestId(name) for name in names)
    stream.read(io.BytesIO(content))
    return results


NAMES = [f"pkg.mod.Class.test_{number}[id-{number},smoke]" for number in range(5)]
WHOLE = written(NAMES)


@given(st.integers(0, len(WHOLE)))
def test_a_stream_cut_anywhere_gives_the_tests_that_had_ended(at: int) -> None:
    """A truncated stream has the results of the tests that had ended, and no others."""
    results = read(WHOLE[:at], NAMES)
    assert [result.name for result in results] == [TestId(name).name for name in NAMES[: len(results)]]
    packet = len(WHOLE) / len(NAMES)
    assert len(results) == int(at / packet)


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=40), min_size=6, max_size=6))
def test_noise_between_the_packets_loses_no_test(noise: list[str]) -> None:
    """Anything but subunit is ignored."""
    parts = [written([name]) + between.encode() for name, between in zip(NAMES, noise[1:], strict=True)]
    content = noise[0].encode() + b"".join(parts)
    assert len(read(content, NAMES)) == len(NAMES)


def test_tags_and_times_are_kept() -> None:
    """A result has the attributes of its id, its start in seconds since the epoch, and its duration."""
    (result,) = read(written(NAMES[:1]), NAMES)
    assert result == TestResult("pkg.mod.Class.test_0", "success", BEGIN.timestamp(), 1.0, ("id-0", "smoke"))


def test_of_a_long_attachment_the_end_is_kept() -> None:
    """Only the end of a long attachment is kept."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    for number in range(40):
        content = f"line {number} ".encode() * 2000
        stream.status(test_id=NAMES[0], file_name="traceback", file_bytes=content, mime_type="text/plain")
    stream.status(test_id=NAMES[0], test_status="fail")
    (result,) = read(output.getvalue(), NAMES)
    assert len(result.traceback) <= ATTACHMENT_LIMIT
    assert result.traceback.endswith("line 39")


def test_a_listing_gives_the_tests_and_what_else_was_said() -> None:
    """Log lines in a listing are not tests."""
    output = io.BytesIO()
    output.write(b"INFO reading\n")
    subunit.StreamResultToBytes(output).status(test_id=NAMES[0], test_status="exists")
    assert listed(output.getvalue()) == ([TestId(NAMES[0])], "INFO reading\n")
