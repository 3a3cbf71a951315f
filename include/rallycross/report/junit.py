"""The report as JUnit XML, for CI systems: one suite per stage; steps, tests and workloads are test cases.

A requested stage that never began, or did not end, is a test case with an error: an aborted run must not look like one
without work. The reason why a stage failed in Airflow is a test case, too, if the stage itself has no record of it.
"""

import re
from xml.etree import ElementTree as ET

from rallycross.judging.sla import INVALID_LOAD
from rallycross.judging.verdict import first_line
from rallycross.report.run import RunResults
from rallycross.results.endings import ending_line
from rallycross.results.models import WorkloadRow
from rallycross.secret import shown_text
from rallycross.verification.test import FAILED
from rallycross.verification.testid import TestId

# XML 1.0 cannot represent these, not even as references.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: RunResults) -> bytes:
    """Return the report as XML in UTF-8."""
    return written(suites(run))


def suites(run: RunResults) -> ET.Element:
    """Return the report as XML elements."""
    root = ET.Element("testsuites", name=_clean(run.title))
    if run.deployment_uuid:
        _deployment(add_suite(root, "deployment"), run)
    if run.verification_uuid:
        _verification(add_suite(root, "verification"), run)
    if run.task_uuid:
        _task(add_suite(root, "benchmark"), run)
    if run.problems:
        suite = add_suite(root, "stages")
        for stage, lines in run.problems.items():
            add_result(add_case(suite, "stages", stage), "error", lines[0], "\n".join(lines))
    return root


def written(root: ET.Element) -> bytes:
    """Return test suites as XML in UTF-8, after counting their tests."""
    for suite in root:
        _count(suite)
    _count(root)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _deployment(suite: ET.Element, run: RunResults) -> None:
    row = run.deployment
    if row is None:
        add_result(add_case(suite, "deployment", "deployment"), "error", "never began")
        return
    for step in row.steps:
        case = add_case(suite, f"deployment.{row.cloud}", step.title or step.name, step.seconds)
        if step.status in {"failed", "running"}:
            add_result(case, "failure", first_line(step.error) or "did not end", step.error)
    if row.status != "finished":
        add_result(add_case(suite, "deployment", row.cloud), "error", first_line(row.error) or row.status, row.error)


def _verification(suite: ET.Element, run: RunResults) -> None:
    row = run.verification
    for test in run.tests:
        group = TestId(test.name).class_name
        case = add_case(suite, group, test.name.removeprefix(f"{group}.") if group else test.name, test.seconds)
        if test.status in FAILED:
            add_result(case, "failure", _last_line(test.traceback) or test.status, test.traceback)
            if test.status == "uxsuccess":
                case[-1].set("type", "unittest.case._UnexpectedSuccess")  # as in subunit2junitxml
        elif test.status == "skip":
            add_result(case, "skipped", test.reason)
    if row is None:
        add_result(add_case(suite, "verification", "verification"), "error", "never began")
    elif row.status != "finished":
        add_result(add_case(suite, "verification", row.chosen), "error", first_line(row.error) or row.status, row.error)


def _task(suite: ET.Element, run: RunResults) -> None:
    if run.task is None:
        add_result(add_case(suite, "benchmark", "benchmark"), "error", "never began")
        return
    for workload in run.task.workloads:
        name = f"{workload.position + 1}. {workload.scenario}"
        _workload(add_case(suite, f"benchmark.{run.task.title}", name, workload.load_seconds), workload)


def _workload(case: ET.Element, workload: WorkloadRow) -> None:
    missed = [row for row in workload.sla_rows if not row.passed]
    text = "\n".join(f"{row.criterion}: {row.detail}" for row in missed)
    if workload.status in {"crashed", "aborted"}:
        add_result(case, "error", ending_line(workload), workload.error_detail or text)
    elif workload.passed is None:
        add_result(case, "error", f"not judged; its load is {workload.status}")
    elif any(row.criterion == INVALID_LOAD for row in missed):
        add_result(case, "error", "INVALID: the load cannot be believed", text)
    elif missed:
        add_result(case, "failure", ", ".join(row.criterion for row in missed), text)


def add_suite(root: ET.Element, name: str) -> ET.Element:
    """Add a test suite."""
    return ET.SubElement(root, "testsuite", name=name)


def add_case(suite: ET.Element, group: str, name: str, seconds: float | None = None) -> ET.Element:
    """Add a test case to a suite; without a result it has passed."""
    return ET.SubElement(suite, "testcase", classname=_clean(group), name=_clean(name), time=f"{seconds or 0.0:.6f}")


def add_result(case: ET.Element, kind: str, message: str, text: str = "") -> None:
    """Add to a test case that it ended as a `failure`, an `error`, or was `skipped`."""
    element = ET.SubElement(case, kind, message=_clean(message))
    if text:
        element.text = _clean(text)


def _count(element: ET.Element) -> None:
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(kind) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.6f}")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", shown_text(text))
