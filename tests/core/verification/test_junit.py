"""JUnit XML of any tool has the same names and results as the same run in other formats."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest
import subunit
from hypothesis import given
from hypothesis import strategies as st

from rallycross.report.junit import junit
from rallycross.report.run import gather
from rallycross.results.store import Store
from rallycross.verification.exporting import subunit as exported
from rallycross.verification.importing import results
from rallycross.verification.test import Status, TestResult
from rallycross.verification.testid import TestId

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def read(inner: str) -> dict[str, str]:
    """Return the statuses of the cases in a suite, by name."""
    return {one.name: one.status for one in results(f"<testsuite>{inner}</testsuite>".encode(), file="j.xml")}


def subunit2junitxml(events: list[tuple[str, str]]) -> bytes:
    """Return what subunit2junitxml (junitxml 0.7) makes of a run: ids are cut at the last dot before a parenthesis."""
    told = {"fail": '<failure type="testtools.x">boom</failure>', "skip": "<skipped>why</skipped>"}
    told["uxsuccess"] = '<failure type="unittest.case._UnexpectedSuccess"/>'
    cases = []
    for test_id, status in events:
        at = test_id.rfind(".", 0, test_id.find("("))
        scope, name = (test_id[:at], test_id[at + 1 :]) if at >= 0 else ("", test_id)
        attributes = f'classname={quoteattr(scope)} name={quoteattr(name)} time="1.000"'
        cases.append(f"<testcase {attributes}>\n{told.get(status, '')}</testcase>")
    return f'<testsuite errors="0" failures="0" name="" tests="9" time="9.000">{"".join(cases)}</testsuite>'.encode()


def as_subunit(events: list[tuple[str, str]]) -> bytes:
    """Return the subunit stream of a run."""
    output = io.BytesIO()
    stream = subunit.StreamResultToBytes(output)
    for number, (test_id, status) in enumerate(events):
        stream.status(test_id=test_id, test_status="inprogress", timestamp=BEGAN + timedelta(seconds=number))
        stream.status(test_id=test_id, test_status=status, timestamp=BEGAN + timedelta(seconds=number + 1))
    return output.getvalue()


CLASSES = st.sampled_from(["tempest.api.compute.X", "tempest.api.compute.X2", "heat_plugin.tests.Y"])
TESTS = st.builds(
    "{}.test_{}{}{}".format,
    CLASSES,
    st.sampled_from("abc"),
    st.sampled_from(["", "(v2.1,ipv6)"]),
    st.sampled_from(["", "[id-1]", "[compute,id-7-8,smoke]", "[smoke]"]),
)
FIXTURES = st.builds("{} ({})".format, st.sampled_from(["setUpClass", "tearDownClass"]), CLASSES)
EVENTS = st.lists(
    st.tuples(TESTS, st.sampled_from(["success", "fail", "skip", "uxsuccess"]))
    | st.tuples(FIXTURES, st.sampled_from(["fail", "skip"])),
    min_size=1,
    unique_by=lambda event: event[0].partition("[")[0],
)


@given(EVENTS)
def test_one_run_is_the_same_as_subunit_and_as_junit(events: list[tuple[str, str]]) -> None:
    """Names and results do not depend on the format."""
    either = [results(content, file="x") for content in (as_subunit(events), subunit2junitxml(events))]
    first, second = ([(one.name, one.status) for one in found] for found in either)
    assert first == second


def test_attributes_are_off_the_names_and_kept_as_tags() -> None:
    """A case of subunit2junitxml has stestr's name, and the text in brackets is its tags."""
    content = subunit2junitxml([("tempest.api.compute.X.test_a[id-1,smoke]", "success")])
    (found,) = results(content, file="x")
    assert (found.name, found.tags) == ("tempest.api.compute.X.test_a", ("id-1", "smoke"))


@pytest.mark.parametrize(
    "case",
    [
        '<testcase classname="" name="{0} (a.B)"><failure>x</failure></testcase>',
        '<testcase name="{0} (a.B)"><failure>x</failure></testcase>',
        '<testcase classname="unittest.suite._ErrorHolder" name="{0} (a.B)"><error>x</error></testcase>',
        '<testcase classname="&lt;nose.suite.ContextSuite context=a" name="B&gt;:{1}"><error>x</error></testcase>',
    ],
)
def test_fixtures_are_spread_over_their_class(case: str) -> None:
    """A failed tear-down fails the last test of its class; a failed set-up stands for the tests of its class."""
    passed = '<testcase classname="a.B" name="test_c"/><testcase classname="a.B2" name="test_d"/>'
    assert read(passed + case.format("tearDownClass", "teardown")) == {"a.B.test_c": "fail", "a.B2.test_d": "success"}
    assert read(case.format("setUpClass", "setup")) == {"a.B.setUpClass": "fail"}


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ("", "success"),
        ("<failure/><error message='failed on teardown'/>", "fail"),
        ("<error/>", "fail"),
        ("<skipped message='no'/>", "skip"),
        ("<skip>no</skip>", "skip"),
        ("<skipped type='pytest.xfail' message='a bug'/>", "xfail"),
        ("<failure message='[XPASS(strict)] a bug'/>", "uxsuccess"),
        ("<failure type='unittest.case._UnexpectedSuccess'/>", "uxsuccess"),
        ("<flakyFailure message='once'/>", "success"),
        ("<rerunFailure/><failure/><rerunError/>", "fail"),
        ("<system-out>log</system-out><properties/>", "success"),
        ("<skipped/><error message='failed on teardown'/>", "fail"),
    ],
)
def test_each_way_to_end_is_told(inner: str, status: str) -> None:
    """The elements of a case give its status, in any order."""
    assert read(f'<testcase classname="a.B" name="test_c">{inner}</testcase>') == {"a.B.test_c": status}


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ('status="run" result="completed"', "success"),
        ('status="notrun" result="suppressed"', "skip"),
        ('status="run" result="skipped"', "skip"),
        ('status="failed"', "fail"),
    ],
)
def test_attributes_of_a_case_say_how_it_ended_where_no_element_does(attributes: str, status: str) -> None:
    """A disabled test of gtest has not passed."""
    assert read(f'<testcase classname="Foo" name="Bar" {attributes}/>') == {"Foo.Bar": status}


def test_a_failure_and_what_came_after_it_are_both_kept() -> None:
    """The traceback has failure, teardown, earlier attempts and log; a flaky success has its reason."""
    told = "<failure message='m'>call</failure><error>teardown</error>"
    told += "<rerunError>try</rerunError><system-err>log</system-err>"
    (one,) = results(f'<testsuite><testcase name="n">{told}</testcase></testsuite>'.encode(), file="x")
    assert one.traceback == "m\ncall\nteardown\ntry\nlog"
    (one,) = results(b'<testsuite><testcase name="n"><flakyError>try</flakyError></testcase></testsuite>', file="x")
    assert (one.status, one.reason) == ("success", "passed when it was run again; before: try")


FAILED, PASSED = (
    '<testcase classname="a" name="b"><failure>{}</failure></testcase>',
    '<testcase classname="a" name="b"/>',
)


def test_a_case_that_stands_twice_loses_no_failure() -> None:
    """A second case in a suite is a failed teardown (pytest) or a retry; in another suite a failure remains."""
    (one,) = results(f"<testsuite>{FAILED.format(1)}{FAILED.format(2)}</testsuite>".encode(), file="x")
    assert (one.status, one.traceback) == ("fail", "1\n2")
    assert read(FAILED.format(1) + PASSED) == {"a.b": "success"}
    assert read(PASSED + FAILED.format(1)) == {"a.b": "fail"}
    suites = f"<testsuite>{FAILED.format(1)}</testsuite><testsuite>{PASSED}"
    both = f"<testsuites>{suites}</testsuite></testsuites>".encode()
    assert [one.status for one in results(both, file="x")] == ["fail"]


def test_suites_in_suites_and_cases_without_a_class_are_read() -> None:
    """Cases are found at any depth, once, in any namespace; a missing class name is the suite's name."""
    content = """\ufeff
    <testsuites xmlns="urn:x"><testcase classname="c" name="top"/><testsuite name="A"><testcase name="same"/>
    <testsuite name="B"><testcase name="same"/></testsuite></testsuite></testsuites>"""
    assert [one.name for one in results(content.encode(), file="x")] == ["c.top", "A.same", "B.same"]
    utf_16 = '<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="ü"/></testsuite>'.encode("utf-16")
    assert [one.name for one in results(utf_16, file="x")] == ["ü"]


def test_parameters_of_pytest_stay_in_the_name() -> None:
    """Two cases of a parametrized test are two tests."""
    cases = "".join(f'<testcase classname="t" name="test_boot[{one}]"/>' for one in ("m1.tiny", "m1.small"))
    assert list(read(cases)) == ["t.test_boot[m1.tiny]", "t.test_boot[m1.small]"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1.5", 1.5), ("1,000.5", 1000.5), ("1,234", 1234.0), ("0,005", 0.005), ("1.234,5", 1234.5), (" 2 ", 2.0)]
    + [(nothing, 0.0) for nothing in ("NaN", "-7", "inf", "-inf", "1e308", "abc", "", "1,2,3")],
)
def test_a_duration_is_read_as_it_was_meant(written: str, seconds: float) -> None:
    """Thousands may have separators, decimals a comma; invalid and negative durations are 0 s."""
    text = f'<testsuite name="s"><testcase classname="c" name="m" time="{written}"/></testsuite>'
    assert [test.seconds for test in results(text.encode(), file="j.xml")] == [seconds]


@pytest.mark.parametrize(
    "suite",
    [
        'timestamp="9999-12-31T23:59:59"',
        'timestamp="2200-01-01T00:00:00Z"',
        'timestamp="0001-01-01T00:00:00"',
        'timestamp="1 May"',
        'time="300000000"',
    ],
)
def test_a_moment_that_cannot_be_is_none(suite: str) -> None:
    """Every start can be shown and exported: from 1970 to the last second that subunit can express."""
    cases = "".join(f'<testcase classname="c" name="{number}" time="300000000"/>' for number in range(9))
    found = results(f"<testsuite {suite}>{cases}</testsuite>".encode(), file="j.xml")
    again = results(exported(found), file="s")
    assert [(one.name, one.seconds) for one in again] == [(one.name, one.seconds) for one in found]


def test_tests_of_a_suite_follow_one_another() -> None:
    """Tests are placed one after another from the suite's start to its end; a case's own time takes precedence."""
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    cases = "".join(f'<testcase name="{number}" time="10"/>' for number in range(3))
    for span, starts in ((30, [0, 10, 20]), (20, [0, 10, 10])):
        text = f'<testsuite timestamp="2026-01-02T03:04:05Z" time="{span}">{cases}</testsuite>'
        assert [one.started - began for one in results(text.encode(), file="x")] == starts
    text = (
        '<testsuite timestamp="2026-01-02T03:04:05Z"><testcase name="a" timestamp="2026-01-02T03:04:15Z"/></testsuite>'
    )
    assert [one.started - began for one in results(text.encode(), file="x")] == [10]


def test_what_is_exported_as_junit_comes_back_by_the_same_names(tmp_path: Path) -> None:
    """Class and name are split at the right dot, also if a variant or parameters contain dots."""
    ends: dict[str, Status] = {"a.B.test_c": "success", "a.B.test_d(v2.1,ipv6)": "fail", "t.test_boot[m1.tiny]": "skip"}
    made = [TestResult(name, end, 1.0, 1.0) for name, end in {**ends, "a.B.test_x": "uxsuccess"}.items()]
    store = Store.open(f"sqlite:///{tmp_path / 'results.db'}")
    store.verifications.add("u", cloud="C", chosen="x", tests=made, environment={})
    content = junit(gather(store, deployment=None, verification="u", task=None, samples=tmp_path))
    assert [(one.name, one.status) for one in results(content, file="x")] == [(one.name, one.status) for one in made]
    classes = [case.get("classname") for case in ET.fromstring(content).iter("testcase")]
    assert classes == [TestId(one.name).class_name for one in made]
