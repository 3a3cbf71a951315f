"""`rallycross demo` on a small cloud: real Airflow, load and report, and its messages when something fails."""

import html
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from demo_run import BOOT, SIGN_IN, Demo
from small_cloud import ADMIN, SmallCloud
from terminal import press_ctrl_c

from rallycross.cli.airflow.processes import end
from rallycross.results.endings import ending_line

LONG = 2.0  # seconds of a boot: what a busy machine does to an iteration is little beside it, and no reason to doubt
pytestmark = pytest.mark.e2e  # a start of Airflow, and half a minute for each run


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Provide a cloud, and a home for an Airflow that the first run starts."""
    with SmallCloud() as cloud:
        made = Demo(tmp_path_factory.mktemp("demo"), cloud)
        try:
            yield made
        finally:
            end(made.processes, grace=5)


@pytest.fixture(autouse=True)
def _a_cloud_as_it_was(demo: Demo) -> Iterator[None]:
    """Check after every test that the cloud is unchanged, whatever was killed."""
    demo.cloud.ready_after = 0.0
    yield
    assert [demo.cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]


def test_the_whole_journey_passes(demo: Demo) -> None:
    """The exit code is 0, and the output has verdict, SLA rows, report, run, login and the time of each stage."""
    demo.cloud.ready_after = LONG
    code, out = demo.run(demo.task(BOOT, times=6, sla={"failure_rate": {"max": 0}, "max_avg_duration": 60}))

    assert code == 0, out
    assert "PASSED" in out.splitlines()
    words = " ".join(out.split())  # rows that do not fit the terminal are given as lines
    assert re.search(
        r"1 NovaServers.boot_and_delete_server \(\S+\) (criterion )?failure_rate passed (detail )?0 of 6 ", words
    )
    assert re.search(r"1 NovaServers.boot_and_delete_server \(\S+\) (criterion )?max_avg_duration passed", words)
    report = re.search(r"^report +(\S+)$", out, re.MULTILINE)
    assert report is not None
    assert "NovaServers.boot_and_delete_server" in Path(report.group(1)).read_text()
    assert re.search(r"^run +http://127\.0\.0\.1:\d+/dags/cloud_lifecycle/runs/demo_", out, re.MULTILINE)
    assert re.search(r"^Airflow .*user admin, password \S+$", out, re.MULTILINE)
    assert re.search(r"^time +set-up .*Airflow .*deploy .*benchmark .*report .*verdict", out, re.MULTILINE)


def test_a_second_run_takes_what_stands(demo: Demo) -> None:
    """A second run does not start Airflow again."""
    demo.cloud.ready_after = LONG
    code, out = demo.run(demo.task(BOOT, times=2))

    assert code == 0, out
    assert "starting Airflow" not in out


def test_a_missed_sla_is_exit_code_1(demo: Demo) -> None:
    """The exit code is 1, and the output has the missed row with its figures."""
    code, out = demo.run(demo.task(SIGN_IN, times=4, sla={"max_avg_duration": 0.000001}))

    assert code == 1, out
    assert "FAILED" in out.splitlines()
    assert "did not pass: max_avg_duration" in out


def test_what_the_cloud_lacks_is_exit_code_2(demo: Demo) -> None:
    """A missing image is found before any load, and is named with its place in the file."""
    scenario = {"NovaServers.boot_and_delete_server": {"image": {"name": "beos"}, "flavor": {"name": "m1.nano"}}}
    code, out = demo.run(demo.task(scenario, times=4))

    assert code == 2, out
    assert re.search(r"task\.yaml:\d+:\d+: .*beos", out)


def test_a_cloud_that_does_not_answer_is_exit_code_2(demo: Demo) -> None:
    """A failed deployment is shown with its reason, and the report is still written."""
    auth = {"auth_url": "http://127.0.0.1:9/v3", **ADMIN}
    spec = demo.file("gone.yaml", {"name": "gone", "engine": "existing", "auth": auth, "region_name": "R"})
    code, out = demo.run(demo.task(SIGN_IN, times=2), "--cloud-spec", spec)

    assert code == 2, out
    assert "127.0.0.1:9" in out
    report = re.search(r"^report +(\S+)$", out, re.MULTILINE)
    assert report is not None
    assert Path(report.group(1)).exists()


def _down(demo: Demo, process: subprocess.Popen[str], run_id: str) -> None:  # noqa: ARG001 - one of several
    demo.call("down")


def _ctrl_c(demo: Demo, process: subprocess.Popen[str], run_id: str) -> None:  # noqa: ARG001 - one of several
    press_ctrl_c(process)


def _mark_run(demo: Demo, process: subprocess.Popen[str], run_id: str) -> None:  # noqa: ARG001 - one of several
    demo.api().patch(f"/dags/cloud_lifecycle/dagRuns/{run_id}", {"state": "failed"})


def _mark_task(demo: Demo, process: subprocess.Popen[str], run_id: str) -> None:  # noqa: ARG001 - one of several
    demo.api().patch(f"/dags/cloud_lifecycle/dagRuns/{run_id}/taskInstances/benchmark", {"new_state": "failed"})


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (_ctrl_c, "stopped by user: Ctrl-C"),
        (_mark_run, "stopped by user: the task or its run was marked in Airflow"),
        (_mark_task, "stopped by user: the task or its run was marked in Airflow"),
        (_down, "stopped by user: ./rallycross down"),
    ],
)
def test_a_load_that_a_user_stops_says_so_everywhere(demo: Demo, stop: Callable[..., None], reason: str) -> None:
    """The measured part is judged, the run fails, and terminal, reports, database and Airflow have one reason."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=100_000))
    run_id = demo.in_mid_load(process, 5)

    stop(demo, process, run_id)
    if stop is _down:  # what follows the load is done by the next that starts Airflow
        demo.call("up")
    code, out = demo.ended(process)
    if stop is not _down:  # which the command may have waited for in vain
        assert code == 1, out
        assert "FAILED" in out.splitlines()
        assert f"aborted_manually: {reason}" in out
    verdict, reasons = demo.verdict(run_id)

    assert verdict == "FAILED"
    assert any(f"aborted_manually: {reason}" in one for one in reasons), reasons
    report = demo.report(run_id)
    assert set(report) == {".html", ".xml", ".json"}
    assert [kind for kind, text in report.items() if reason not in html.unescape(text)] == []
    task = demo.result(run_id)
    assert task is not None
    assert ending_line(task.workloads[0]).startswith(reason)
    assert demo.measured(run_id) >= 5
