"""Reads JUnit XML: of pytest, subunit2junitxml, nose, unittest-xml-reporting, gtest and Surefire."""

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

_LONGEST = 10 * 365 * 86400.0  # seconds: the longest duration of a test that is believed
_LATEST = 2**32 - _LONGEST  # seconds since the epoch: the latest start that is believed; a limit of subunit
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_NOSE = re.compile(r"<nose\.suite\.ContextSuite context=(?P<scope>[\w.]+)>:(?P<fixture>setup|teardown)")
_NOSE_FIXTURES = {"setup": "setUpClass", "teardown": "tearDownClass"}
# Failures before the last attempt.
_AGAIN = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError", "rerun"})
_NOT_RUN = frozenset({"notrun", "suppressed", "skipped", "disabled", "ignored"})
_REMEDY = "name a JUnit file, or the subunit stream of the same run"
_WENT_WRONG = frozenset({"failed", "failure", "error"})


def cases(content: bytes, file: str) -> Iterator[TestResult]:
    """Yield the result of each test case and fixture under its full id; raise `RallycrossError` if it is not JUnit.

    If a case is twice in one suite, it was run again or has a second entry for its teardown: the later one counts. If
    it is in several suites, a failure counts.
    """
    root = _parsed(content, file)
    if _tag(root) not in {"testsuites", "testsuite"}:
        raise RallycrossError(
            f"{file}: begins with <{brief(_tag(root))}>, but JUnit begins with <testsuites> or <testsuite> - {_REMEDY}"
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
    """The start times of a suite's tests. Most files only have the suite's, so the tests are put one after another."""

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
        # Parallel tests take less than their sum: none may end after its suite.
        started = self.began + max(0.0, min(self.at, self.span - result.seconds))
        self.at += result.seconds
        return replace(result, started=started if own is None else own)


def _parsed(content: bytes, file: str) -> ET.Element:
    try:
        _check_safe(content, file)
        return ET.fromstring(content)  # noqa: S314 - `_check_safe` refuses entities
    except (ET.ParseError, ExpatError, ValueError, LookupError) as error:  # the latter two for a bad encoding
        raise RallycrossError(f"{file}: not XML ({error}) - name a JUnit file") from error


def _check_safe(content: bytes, file: str) -> None:
    """Raise if the XML has a document type or too many elements, which JUnit never has but attacks on parsers do."""
    elements, most = 0, settings().results_values

    def count(*_: Any) -> None:
        nonlocal elements
        elements += 1
        if elements > most:
            raise InvalidInput([too_many(file)])

    def refuse(name: str, *_: Any) -> None:
        if name.lower() == "html":
            raise RallycrossError(f"{file}: is an HTML page - {_REMEDY}")
        raise RallycrossError(f"{file}: has a document type, JUnit XML has none - remove <!DOCTYPE ...>")

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
    """Return the full id of a case as in stestr, where fixtures of a class do not have a class name."""
    name = case.get("name", "")
    if FIXTURE.fullmatch(name):
        return name
    scope = case.get("classname")
    whole = ".".join(filter(None, (suite.get("name", "") if scope is None else scope, name)))
    if nose := _NOSE.fullmatch(whole):
        return f"{_NOSE_FIXTURES[nose['fixture']]} ({nose['scope']})"
    return whole


def _unexpected(element: ET.Element) -> bool:
    """Tell whether a failure is an unexpected success of unittest or pytest."""
    return element.get("type", "").endswith("UnexpectedSuccess") or element.get("message", "").startswith("[XPASS(")


def _text(element: ET.Element) -> str:
    text = "\n".join(filter(None, (element.get("message", ""), "".join(element.itertext()).strip())))
    return text or element.get("type", "")


def _log(element: ET.Element) -> str:
    return (element.text or "").strip()[-ATTACHMENT_LIMIT:]


def _seconds(text: str) -> float:
    """Return a duration in seconds; 0 if it is not a number, negative or infinite."""
    text = text.strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif "," in text:  # the decimal separator of many countries
        text = text.replace(".", "").replace(",", ".")
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= _LONGEST else 0.0


def _moment(text: str) -> float | None:
    """Return seconds since the epoch, or None if the text is not a believable time."""
    try:
        moment = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return moment if 0 < moment <= _LATEST else None
