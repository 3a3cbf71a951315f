"""`rallycross demo` against a small cloud: real Airflow, load and report; and what it says when things go wrong."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_run import BOOT, SIGN_IN, Demo, parent
from signalled import strike
from small_cloud import ADMIN, SmallCloud

from rallycross.cli.airflow.processes import end

pytestmark = pytest.mark.e2e  # a start of Airflow, and a minute for each thing that is killed


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Have a cloud, and a place for an Airflow that the first run starts."""
    with SmallCloud() as cloud:
        made = Demo(tmp_path_factory.mktemp("demo"), cloud)
        try:
            yield made
        finally:
            end(made.processes, grace=5)


@pytest.fixture(autouse=True)
def _a_cloud_as_it_was(demo: Demo) -> Iterator[None]:
    """Hold every test to leaving the cloud as it was, whatever was killed."""
    demo.cloud.ready_after = 0.0
    yield
    assert [demo.cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]


def test_the_whole_journey_passes(demo: Demo) -> None:
    """Exit code 0: the verdict, each SLA row, the report, the run, the login, and where the time went."""
    code, out = demo.run(demo.task(SIGN_IN, times=20, sla={"failure_rate": {"max": 0}, "max_avg_duration": 5}))

    assert code == 0, out
    assert "PASSED" in out.splitlines()
    assert re.search(r"1 Authenticate.keystone \(.+\) +failure_rate +passed +0 of 20", out)
    assert re.search(r"1 Authenticate.keystone \(.+\) +max_avg_duration +passed", out)
    report = re.search(r"^report +(\S+)$", out, re.MULTILINE)
    assert report is not None
    assert "Authenticate.keystone" in Path(report.group(1)).read_text()
    assert re.search(r"^run +http://127\.0\.0\.1:\d+/dags/cloud_lifecycle/runs/demo_", out, re.MULTILINE)
    assert re.search(r"^Airflow .*user admin, password \S+$", out, re.MULTILINE)
    assert re.search(r"^time +set-up .*Airflow .*deploy .*benchmark .*report .*verdict", out, re.MULTILINE)


def test_a_second_run_takes_what_stands(demo: Demo) -> None:
    """Airflow is not started again."""
    code, out = demo.run(demo.task(SIGN_IN, times=2))

    assert code == 0, out
    assert "starting Airflow" not in out


def test_a_missed_sla_is_exit_code_1(demo: Demo) -> None:
    """The benchmark failed: which row, and by how much."""
    code, out = demo.run(demo.task(SIGN_IN, times=4, sla={"max_avg_duration": 0.000001}))

    assert code == 1, out
    assert "FAILED" in out.splitlines()
    assert "did not pass: max_avg_duration" in out


def test_what_the_cloud_lacks_is_exit_code_2(demo: Demo) -> None:
    """An image that is not there is found before any load, and is named with its place in the file."""
    scenario = {"NovaServers.boot_and_delete_server": {"image": {"name": "beos"}, "flavor": {"name": "m1.nano"}}}
    code, out = demo.run(demo.task(scenario, times=4))

    assert code == 2, out
    assert re.search(r"task\.yaml:\d+:\d+: .*beos", out)


def test_a_cloud_that_does_not_answer_is_exit_code_2(demo: Demo) -> None:
    """A deployment that fails is told with its reason; the report is written all the same."""
    auth = {"auth_url": "http://127.0.0.1:9/v3", **ADMIN}
    spec = demo.file("gone.yaml", {"name": "gone", "engine": "existing", "auth": auth, "region_name": "R"})
    code, out = demo.run(demo.task(SIGN_IN, times=2), "--cloud-spec", spec)

    assert code == 2, out
    assert "127.0.0.1:9" in out
    report = re.search(r"^report +(\S+)$", out, re.MULTILINE)
    assert report is not None
    assert Path(report.group(1)).exists()


def test_an_interrupt_stops_the_run_and_judges_it(demo: Demo) -> None:
    """Ctrl-C in mid-load: the load stops, what it measured is judged, the cloud is cleaned, the run has failed."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=100_000))
    run_id = demo.in_mid_load(process, 5)

    strike(process.pid, signal.SIGINT)
    code, out = demo.ended(process)

    assert code == 1, out
    assert "stopping the run" in out
    assert "FAILED" in out.splitlines()
    assert "aborted_manually: stopped by user: Ctrl-C" in out
    assert demo.measured(run_id) >= 5


@pytest.mark.parametrize(
    ("killed", "reason"),
    [
        ("load", "process killed: the one that ran the task is gone"),
        ("worker", "worker lost: its process"),
        ("scheduler", "scheduler lost: its process"),
    ],
)
def test_what_is_killed_in_mid_load_costs_no_sample(demo: Demo, killed: str, reason: str) -> None:
    """After kill -9 the verdict says what was; what was done a second before is kept; the next run passes."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=100_000))
    run_id = demo.in_mid_load(process, 5)
    load = demo.load_process()
    victim = {
        "load": load,
        "worker": parent(load),
        "scheduler": int((demo.home / "airflow/scheduler.pid").read_text()),
    }[killed]
    assert victim > 0, "the load has ended"  # 0 would be this process's own group
    before = demo.done(run_id)
    time.sleep(1.2)

    strike(victim, signal.SIGKILL)
    code, out = demo.ended(process)

    assert code == 1, out
    assert "FAILED" in out.splitlines()
    assert f"something_went_wrong: {reason}" in out
    assert "stopped by user" not in out
    assert demo.measured(run_id) >= before
    task = demo.result(run_id)
    assert task is not None
    assert task.status != "running"
    assert demo.run(demo.task(SIGN_IN, times=2))[0] == 0


def test_a_killed_api_server_costs_nothing(demo: Demo) -> None:
    """The API server comes back while the load goes on, of which nothing is lost or failed."""
    demo.cloud.ready_after = 0.2
    process = demo.start(demo.task(BOOT, times=150))
    demo.in_mid_load(process, 5)
    (server,) = [found.pid for found in demo.processes() if "api_server" in found.command]

    strike(server, signal.SIGKILL)

    code, out = demo.ended(process)
    # On a machine that is busy with the start of an API server the load may be late, which is no loss.
    assert code == 0 or re.search(r"is INVALID: the generator('s event loop came| lost| stood still for) ", out), out
    assert "0 of 150 iterations failed" in out
