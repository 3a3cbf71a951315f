"""The report as JUnit XML and JSON."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from made_run import MadeRun, make_deployment, make_open_loop, make_task, make_verification

from rallycross import report
from rallycross.results.store import Store


def _junit(store: Store, made: MadeRun, folder: Path) -> ET.Element:
    written = report.write(
        store,
        deployment=made.deployment,
        verification=made.verification,
        task=made.task,
        folder=folder,
        samples=made.samples,
    )
    return ET.fromstring(written["junit"].read_bytes())


def test_junit_has_a_suite_a_stage_with_true_counts(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """Steps, tests and workloads are cases; a missed criterion is a failure that names it."""
    root = _junit(store, made, tmp_path)
    suites = {suite.get("name"): suite for suite in root}

    assert root.tag == "testsuites"
    assert {
        name: (suite.get("tests"), suite.get("failures"), suite.get("skipped")) for name, suite in suites.items()
    } == {
        "deployment": ("21", "0", "0"),
        "verification": ("14", "1", "1"),
        "benchmark": ("4", "1", "0"),
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("39", "2", "0", "1")
    for case in root.iter("testcase"):
        assert case.get("name")
        assert case.get("classname")
        assert float(case.get("time", "none")) >= 0
        assert {child.tag for child in case} <= {"failure", "error", "skipped"}
    failure = suites["benchmark"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "failure_rate"
    assert "4 of 40 iterations failed" in (failure.text or "")


def test_junit_of_a_run_that_broke_off_has_errors(store: Store, tmp_path: Path) -> None:
    """A run whose cloud failed is an error in JUnit, not an empty run."""
    made = MadeRun(tmp_path / "samples")
    make_deployment(store, made, error="no space left")
    root = _junit(store, made, tmp_path)

    assert root.get("errors") == "3"
    assert [error.get("message") for error in root.iter("error")] == ["no space left", "never began", "never began"]


def test_an_invalid_load_is_an_error_and_no_failure(store: Store, tmp_path: Path) -> None:
    """For an INVALID load, JUnit has the message INVALID and the reason; the document has `invalid` in the verdict."""
    made = MadeRun(tmp_path / "samples")
    make_open_loop(store, made)
    root = _junit(store, made, tmp_path)
    suite = next(one for one in root if one.get("name") == "benchmark")
    error = suite.find(".//error")

    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")
    assert error is not None
    assert error.get("message") == "INVALID: the load cannot be believed"
    assert "invalid_load: the generator started iterations late" in (error.text or "")
    written = report.write(
        store, deployment=None, verification=None, task=made.task, folder=tmp_path, samples=made.samples
    )
    found = json.loads(written["json"].read_text(encoding="utf-8"))
    assert (found["verdict"]["passed"], found["verdict"]["invalid"]) == (False, True)


def test_junit_can_hold_any_text(store: Store, tmp_path: Path) -> None:
    """Characters that XML does not allow are replaced; markup is escaped."""
    made = MadeRun(tmp_path / "samples")
    make_verification(store, made, traceback="before \x00\x1b[31m <&]]> \ufffe after")
    failure = _junit(store, made, tmp_path).find(".//failure")

    assert failure is not None
    assert failure.text == "before \ufffd\ufffd[31m <&]]> \ufffd after"


def test_the_document_is_whole(store: Store, made: MadeRun, tmp_path: Path) -> None:
    """The document has the store's columns for the run, and the verdict."""
    written = report.write(
        store,
        deployment=made.deployment,
        verification=made.verification,
        task=made.task,
        folder=tmp_path,
        samples=made.samples,
        title="T",
    )
    found = json.loads(written["json"].read_text(encoding="utf-8"))
    workload = found["task"]["subtasks"][1]["workloads"][0]

    assert (found["format"], found["title"], found["verdict"]["passed"]) == ("rallycross-report/1", "T", False)
    assert len(found["verdict"]["reasons"]) == 2
    assert found["cloud"]["environment"]["virt driver"] == "fake"
    assert len(found["deployment"]["steps"]) == 21
    assert len(found["verification"]["tests"]) == 14
    assert workload["scenario"] == "NovaServers.boot_and_delete_server"
    assert workload["statistics"]["rows"][2]["name"] == "nova.wait_for_server"
    assert [row["passed"] for row in workload["sla_rows"]] == [False, True]


def test_the_document_of_a_run_of_nothing_says_so(store: Store, tmp_path: Path) -> None:
    """Stages that were not requested are null."""
    written = report.write(store, deployment=None, verification=None, task=None, folder=tmp_path)
    found = json.loads(written["json"].read_text(encoding="utf-8"))

    assert (found["deployment"], found["verification"], found["task"], found["cloud"]) == (None, None, None, None)
    assert not found["verdict"]["passed"]


def test_a_crashed_workload_is_an_error(store: Store, tmp_path: Path) -> None:
    """A crashed workload is an error, unlike one that missed a criterion."""
    made = MadeRun(tmp_path / "samples")
    make_task(store, made)
    task = store.tasks.get(made.task)
    assert task is not None
    store.workloads.end(task.workloads[0].uuid, status="crashed", error="users: no quota", error_detail="Traceback")
    suites = {suite.get("name"): suite for suite in _junit(store, made, tmp_path)}
    error = suites["benchmark"].find("testcase/error")

    assert error is not None
    assert (error.get("message"), error.text) == ("broke off: users: no quota", "Traceback")
