"""JUnit XML of anybody's - pytest, subunit2junitxml, nose, unittest-xml-reporting, gtest, Surefire - as results."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.parsers.expat import ExpatError

from rallycross.errors import InvalidInput, RallycrossError, brief
from rallycross.settings import settings
from rallycross.userfile import too_many
from rallycross.verification.stream import ATTACHMENT_LIMIT, FIXTURE
from rallycross.verification.test import FAILED, Status, TestResult

_LONGEST = 10 * 365 * 86400.0  # seconds that a test can have taken
_LATEST = 2**32 - _LONGEST  # seconds since the epoch at which a test can have begun: subunit has no later end
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_NOSE = re.compile(r"<nose\.suite\.ContextSuite context=(?P<scope>[\w.]+)>:(?P<fixture>setup|teardown)")
_NOSE_FIXTURES = {"setup": "setUpClass", "teardown": "tearDownClass"}
_AGAIN = frozenset(
    {"flakyFailure", "flakyError", "rerunFailure", "rerunError", "rerun"}
)  # what came before the last try
_NOT_RUN = frozenset({"notrun", "suppressed", "skipped", "disabled", "ignored"})
_OTHERS = "name a JUnit file, or the subunit stream of the same run"
_WENT_WRONG = frozenset({"failed", "failure", "error"})


def cases(content: bytes, file: str) -> Iterator[TestResult]:
    """Yield what each test case, and each fixture, came to, by its whole id; raise `RallycrossError` where it is none.

    A case that stands twice in one suite was run again, or its teardown is told apart: the later counts. Where it
    stands in several suites, a failure counts.
    """
    root = _parsed(content, file)
    if _tag(root) not in {"testsuites", "testsuite"}:
        raise RallycrossError(
            f"{file}: begins with <{brief(_tag(root))}>, JUnit with <testsuites> or <testsuite> - {_OTHERS}"
        )
    found: dict[str, tuple[ET.Element, TestResult]] = {}
    for suite in root.iter():
        if _tag(suite) not in {"testsuites", "testsuite"}:
            continue
        clock = _Clock.of(suite)
        for case in suite:
            if _tag(case) == "testcase":
                result = clock.dated(_case(case, suite), case)
                before = found.pop(result.name, None)
                found[result.name] = suite, (_merged(*before, suite, result) if before else result)
    for _, result in found.values():
        yield result


def _merged(earlier_suite: ET.Element, earlier: TestResult, suite: ET.Element, later: TestResult) -> TestResult:
    if earlier.status not in FAILED:
        return later
    if later.status in FAILED:
        return replace(later, traceback=f"{earlier.traceback}\n{later.traceback}".strip("\n"))
    return later if suite is earlier_suite else earlier


@dataclass
class _Clock:
    """When the tests of a suite began: most files say it of the suite alone, so that they follow one another."""

    began: float
    span: float  # seconds of the suite
    at: float = 0.0

    @classmethod
    def of(cls, suite: ET.Element) -> "_Clock":
        span = _seconds(suite.get("time", "")) or sum(
            _seconds(case.get("time", "")) for case in suite if _tag(case) == "testcase"
        )
        began = _moment(suite.get("timestamp", ""))
        return cls(max(1.0, time.time() - span) if began is None else began, span)

    def dated(self, result: TestResult, case: ET.Element) -> TestResult:
        own = _moment(case.get("timestamp", ""))
        # Tests side by side take less than their sum: none ends after its suite.
        started = self.began + max(0.0, min(self.at, self.span - result.seconds))
        self.at += result.seconds
        return replace(result, started=started if own is None else own)


def _parsed(content: bytes, file: str) -> ET.Element:
    try:
        _harmless(content, file)
        return ET.fromstring(content)  # noqa: S314 - without entities, see below
    except (ET.ParseError, ExpatError, ValueError, LookupError) as error:  # the latter two: of its encoding
        raise RallycrossError(f"{file}: not XML ({error}) - name a JUnit file") from error


def _harmless(content: bytes, file: str) -> None:
    """Raise where XML has what JUnit never has and what attacks parsers: a document type, elements without measure."""
    elements, most = 0, settings().results_values

    def count(*_: Any) -> None:
        nonlocal elements
        elements += 1
        if elements > most:
            raise InvalidInput([too_many(file)])

    def refuse(name: str, *_: Any) -> None:
        if name.lower() == "html":
            raise RallycrossError(f"{file}: is a page of HTML - {_OTHERS}")
        raise RallycrossError(f"{file}: has a document type, JUnit XML has none - take <!DOCTYPE ...> out")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = count, refuse
    parser.Parse(content, True)


def _tag(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _case(case: ET.Element, suite: ET.Element) -> TestResult:
    by_kind: dict[str, list[ET.Element]] = {}
    for element in case:
        by_kind.setdefault(_tag(element), []).append(element)
    wrong = [*by_kind.get("failure", []), *by_kind.get("error", [])]
    again = [element for kind in _AGAIN for element in by_kind.get(kind, [])]
    said = {case.get("status", "").lower(), case.get("result", "").lower()}
    skipped = [*by_kind.get("skipped", []), *by_kind.get("skip", [])]
    status: Status = "success"
    reason = traceback = ""
    if wrong or (not skipped and said & _WENT_WRONG):
        status = "uxsuccess" if wrong and all(map(_unexpected, wrong)) else "fail"
        logs = [*by_kind.get("system-out", []), *by_kind.get("system-err", [])]
        traceback = "\n".join(filter(None, (*map(_text, (*wrong, *again)), *map(_log, logs))))
    elif skipped or said & _NOT_RUN:
        status = "xfail" if any(one.get("type") == "pytest.xfail" for one in skipped) else "skip"
        reason = "\n".join(filter(None, map(_text, skipped)))
    elif again:
        reason = f"passed when it was run again; before: {_text(again[0])}".strip()
    return TestResult(_id(case, suite), status, 0.0, _seconds(case.get("time", "")), reason=reason, traceback=traceback)


def _id(case: ET.Element, suite: ET.Element) -> str:
    """Return the whole id of a case, as stestr has it: fixtures of a class have no class name of their own."""
    name = case.get("name", "")
    if FIXTURE.fullmatch(name):
        return name
    scope = case.get("classname")
    whole = ".".join(filter(None, (suite.get("name", "") if scope is None else scope, name)))
    if nose := _NOSE.fullmatch(whole):
        return f"{_NOSE_FIXTURES[nose['fixture']]} ({nose['scope']})"
    return whole


def _unexpected(element: ET.Element) -> bool:
    """Return whether a failure is the success of a test that was to fail: unittest's, or pytest's."""
    return element.get("type", "").endswith("UnexpectedSuccess") or element.get("message", "").startswith("[XPASS(")


def _text(element: ET.Element) -> str:
    text = "\n".join(filter(None, (element.get("message", ""), "".join(element.itertext()).strip())))
    return text or element.get("type", "")


def _log(element: ET.Element) -> str:
    return (element.text or "").strip()[-ATTACHMENT_LIMIT:]


def _seconds(text: str) -> float:
    """Return a duration as it is written; 0 for what can be none: no number, one below 0, one without end."""
    text = text.strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif "," in text:  # the decimal sign of many a country
        text = text.replace(".", "").replace(",", ".")
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= _LONGEST else 0.0


def _moment(text: str) -> float | None:
    """Return seconds since the epoch; None where it cannot be read, or no test can have begun then."""
    try:
        moment = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return moment if 0 < moment <= _LATEST else None
