"""The time to read results of other tools grows linearly with their size."""

from collections.abc import Callable
from functools import partial

import pytest
from processor_time import processor_time

from rallycross.errors import InvalidInput, RallycrossError
from rallycross.exchange.rally_import import read_rally
from rallycross.verification.importing import results


def _failed_fixtures(count: int) -> bytes:
    """Return JUnit with this many classes that could not be set up."""
    case = '<testcase name="setUpClass (a.b%d)"><failure/></testcase>'
    return ("<testsuite>" + "".join(case % number for number in range(count)) + "</testsuite>").encode()


def _failed_teardowns(count: int) -> bytes:
    """Return JUnit with this many classes, each of two tests, that could not be torn down."""
    case = '<testcase classname="a.b%d" name="t"/><testcase classname="a.b%d" name="u"/>'
    case += '<testcase name="tearDownClass (a.b%d)"><failure/></testcase>'
    return ("<testsuite>" + "".join(case % (one, one, one) for one in range(count)) + "</testsuite>").encode()


def _deep_names(count: int) -> bytes:
    """Return JUnit with tests whose names have this many dots."""
    case = f'<testcase name="{"a." * count}t"/>'
    return f"<testsuite>{case}</testsuite>".encode()


@pytest.mark.parametrize(("made", "few"), [(_failed_fixtures, 300), (_failed_teardowns, 300), (_deep_names, 20_000)])
def test_time_grows_with_the_length_alone(made: Callable[[int], bytes], few: int) -> None:
    """Sixteen times the input takes about sixteen times as long, not the square of it."""
    short, long = (processor_time(partial(results, made(count), file="x")) for count in (few, 16 * few))
    assert long < 16 * 5 * short + 0.05


def test_what_a_class_came_to_is_told_of_each_of_its_tests() -> None:
    """Tests with a result keep it; the last test of a class fails if the class could not be torn down."""
    found = {one.name: one for one in results(_failed_teardowns(2), file="x")}
    assert {name: one.status for name, one in found.items()} == {
        "a.b0.t": "success",
        "a.b0.u": "fail",
        "a.b1.t": "success",
        "a.b1.u": "fail",
    }
    assert found["a.b0.u"].traceback.startswith("tearDownClass of a.b0:")


@pytest.mark.parametrize("value", ["[]", "1", '""', "{}", "null"])
def test_of_very_many_things_that_are_no_task_the_first_are_told(value: str) -> None:
    """A completely wrong file is reported by its first errors."""
    text = '{"tasks": [' + ",".join([value] * 20_000) + "]}"

    def read() -> None:
        with pytest.raises(InvalidInput) as caught:
            read_rally(text, file="r.json")
        assert len(caught.value.complaints) == 21
        assert caught.value.complaints[-1].what == "further errors are not shown"

    assert processor_time(read) < 5


def test_a_garbled_stream_of_any_length_is_refused() -> None:
    """Endless starts of packets, and packets with invalid lengths, are refused with a message."""
    for content in (b"\xb3" * 200_000, b"\xb3\x2b\x02\x01" * 50_000, b"\xe0" * 200_000, b"\xb3\x2b\x02\xff" * 50_000):
        with pytest.raises(RallycrossError, match="x: "):
            results(content, file="x")
