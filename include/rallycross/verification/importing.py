"""Results that were made elsewhere: a subunit v2 stream, or JUnit XML."""

import io
import time
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.parsers.expat import ExpatError

import subunit

from rallycross.errors import InvalidInput, RallycrossError
from rallycross.settings import settings
from rallycross.userfile import too_many
from rallycross.verification.stream import TestStream
from rallycross.verification.test import Status, TestResult

_LONGEST = 10 * 365 * 86400.0  # seconds that a test can have taken
_SUBUNIT_V2 = b"\xb3"  # the first byte of each packet


def results(content: bytes, *, file: str) -> list[TestResult]:
    """Return the tests of a file, in the order in which they ended; raise `RallycrossError` where there is none."""
    found = _junit(content, file) if content.lstrip()[:1] == b"<" else _subunit(content, file)
    if not found:
        raise RallycrossError(f"{file}: tells of no test - name a subunit v2 stream or a JUnit XML file")
    return list(found.values())


def _subunit(content: bytes, file: str) -> dict[str, TestResult]:
    if not content.startswith(_SUBUNIT_V2):
        raise RallycrossError(
            f"{file}: neither a subunit v2 stream nor JUnit XML - make one: stestr last --subunit > FILE"
        )
    found: dict[str, TestResult] = {}

    def ended(result: TestResult) -> None:
        found.pop(result.name, None)  # one that is told again has ended later
        found[result.name] = result

    stream = TestStream(ended, unplanned=True)
    rest = _Rest()
    both = _Both(stream, rest)
    subunit.ByteStreamToStreamResult(io.BytesIO(content), non_subunit_name="not subunit").run(both)
    if rest.garbled:
        raise RallycrossError(f"{file}: is cut off or garbled after {len(found)} tests - export it once more")
    return found


class _Rest:
    """Notices what is no packet."""

    garbled = False

    def status(self, *, file_name: str | None = None, **_unused: object) -> None:
        if file_name in {"not subunit", "Parser Error"}:
            self.garbled = True


class _Both:
    def __init__(self, *results: object) -> None:
        self._results = results

    def status(self, **told: object) -> None:
        for result in self._results:
            result.status(**told)  # type: ignore[attr-defined]


def _junit(content: bytes, file: str) -> dict[str, TestResult]:
    try:
        _harmless(content, file)
        root = ET.fromstring(content)  # noqa: S314 - without entities, see above
    except (ET.ParseError, ExpatError, ValueError, LookupError) as error:  # the latter two: of its encoding
        raise RallycrossError(f"{file}: not XML ({error}) - name a JUnit file") from error
    if root.tag not in {"testsuites", "testsuite"}:
        raise RallycrossError(f"{file}: begins with <{root.tag}>, JUnit with <testsuites> or <testsuite>")
    found = {}
    for suite in root.iter("testsuite"):
        began = _moment(suite.get("timestamp", ""))
        for case in suite.findall("testcase"):
            result = _case(case, began)
            found[result.name] = result
    return found


def _harmless(content: bytes, file: str) -> None:
    """Raise where XML has what JUnit never has and what attacks parsers: a document type, elements without measure."""
    elements, most = 0, settings().results_values

    def count(*_: Any) -> None:
        nonlocal elements
        elements += 1
        if elements > most:
            raise InvalidInput([too_many(file)])

    def refuse(*_: Any) -> None:
        raise RallycrossError(f"{file}: has a document type - JUnit XML has none")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = count, refuse
    parser.Parse(content, True)


def _case(case: ET.Element, began: float) -> TestResult:
    name = ".".join(filter(None, (case.get("classname", ""), case.get("name", ""))))
    seconds = _seconds(case.get("time", "0"))
    status: Status = "success"
    reason = traceback = ""
    for element in case:
        text = "\n".join(filter(None, (element.get("message", ""), (element.text or "").strip())))
        if element.tag in {"failure", "error"}:
            status, traceback = "fail", text
        elif element.tag == "skipped" and status == "success":
            status, reason = "skip", text
    return TestResult(name, status, began, seconds, reason=reason, traceback=traceback)


def _seconds(text: str) -> float:
    """Return a duration as it is written; 0 for what can be none: no number, one below 0, one without end."""
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds <= _LONGEST else 0.0


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return time.time()
