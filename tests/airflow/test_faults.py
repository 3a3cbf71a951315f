"""Every process of every stage is killed, and stopped for 20 s: the verdict and its reason are true, nothing is left.

The whole matrix is marked `full`; `./rallycross test` runs a share of it.
"""

import ast
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_run import BOOT, Demo, parent
from eventual import eventually
from fault_matrix import COMPONENTS, FAILED, INVALID, OF_THE_LOAD, PASSED, SECONDS, Fault, in_share, matrix, table
from signalled import strike
from terminal import foreground
from verifiable_cloud import VerifiableCloud, small_project, standing_environment

from rallycross.cli.airflow.processes import end
from rallycross.cli.airflow.server import AirflowServer
from rallycross.results.endings import ENDINGS
from rallycross.results.reference import reference
from rallycross.settings import CHECKOUT, settings
from rallycross.verification.source import Source

# A light load of long iterations: what a busy machine does to them is little beside their durations.
ITERATIONS, AT_A_TIME, BOOTS_IN = 24, 4, 2.0
ENDLESS = 10_000  # iterations of a load that is to be lost: it must not end before what was struck is missed
TESTS = 10
PAGE = CHECKOUT / "docs/faults.md"
DISKS, API = "cli/test_full_disk.py", "benchmark/test_faults_of_the_api.py"
CANARY = "Canary-8b1c5f"
# A machine that is busy, as with the start of what was killed, may yet have kept the generator from its work.
BUSY = re.compile(r"is INVALID: the generator('s event loop was| lost| stood still for| started)")
_OTHERS = """
## Disks

{disks} cases of a really full disk (`tests/core/{disks_file}`). The error has the path and a remedy, and no
traceback.

| full | result |
| --- | --- |
{full}
## The cloud's API

{faults} faults, each of a request in a load (`tests/core/{api_file}`), while many requests around the load fail too.
Each fails its iteration with the named failure, all samples are kept, and nothing is left in the cloud.

| answer | failure |
| --- | --- |
{answers}
## The results database

`tests/core/results/test_database_errors.py`: missing, damaged, newer, read-only, removed, full, and temporarily
unavailable; as a file, and as PostgreSQL.
"""
PROJECT = f"""
    import time, unittest

    class Waits(unittest.TestCase):
        def wait(self):
            time.sleep(1)

    for number in range({TESTS}):
        setattr(Waits, f"test_{{number:02d}}", lambda self: self.wait())
"""


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Have a cloud, and a place for an Airflow that the first run starts."""
    with VerifiableCloud() as cloud:
        made = Demo(tmp_path_factory.mktemp("faults"), cloud, RALLYCROSS_PACKAGES=".*")
        try:
            yield made
        finally:
            end(made.processes, grace=5)


@pytest.fixture(name="project", scope="module")
def _project(demo: Demo) -> str:
    """Have something to verify the cloud with, which the first run registers."""
    demo.cloud.ready_after = BOOTS_IN
    code, out = demo.run(demo.task(BOOT, times=1, at_a_time=1))
    assert code == 0, out
    project = small_project(demo.folder / "project", PROJECT)
    paths = settings({"RALLYCROSS_HOME": str(demo.home)})
    standing_environment(paths.verifiers / "environments", Source("project", project))
    return project


def _marked(faults: list[Fault]) -> list[object]:
    return [
        pytest.param(one, id=str(one), marks=pytest.mark.e2e if in_share(one) else pytest.mark.full) for one in faults
    ]


@pytest.mark.parametrize("fault", _marked([one for one in matrix() if one.moment != "verify"]))
def test_a_fault_in_a_run_is_told_truly_and_costs_nothing_else(demo: Demo, fault: Fault) -> None:
    """The verdict and its reason are true, samples are kept, nothing is left in the cloud, no secret on the disk."""
    demo.cloud.ready_after = BOOTS_IN
    demo.cloud.delay = {"POST identity": 5.0} if fault.moment == "deploy" else {}
    process = demo.start(
        demo.task(
            BOOT,
            times=ENDLESS if (fault.moment, fault.verdict) == ("load", FAILED) else ITERATIONS,
            at_a_time=AT_A_TIME,
            sla={"failure_rate": {"max": 0}},
            contexts={"users": {"tenants": 1, "users_per_tenant": 1, "user_password": CANARY}},
        )
    )
    run_id = demo.begun(process)
    _wait_for(demo, run_id, fault.moment)

    victim, done = _find(demo, fault.victim, process), demo.done(run_id)
    demo.cloud.delay = {}
    _do(victim, fault)
    _, out = demo.ended(process)
    verdict, reasons = demo.verdict(run_id)

    if fault.verdict == PASSED and verdict == INVALID and all(BUSY.search(reason) for reason in reasons):
        verdict = PASSED
    assert verdict == fault.verdict, f"{reasons}\n{out}"
    assert any(fault.reason in reason for reason in reasons) or not fault.reason, reasons
    named = {one.name for one in ENDINGS if one.of == "workload" and any(f": {one.name}: " in why for why in reasons)}
    assert named <= {fault.reason}, reasons
    report = demo.report(run_id)
    assert all(fault.reason in text for text in report.values())
    if (fault.victim, fault.action) != ("command", "kill"):
        assert fault.reason in out
    assert demo.measured(run_id) >= (done if fault.verdict == FAILED else ITERATIONS)
    assert [demo.cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]
    assert _with_canary(demo.home) == []


@pytest.mark.parametrize("fault", _marked([one for one in matrix() if one.moment == "verify"]))
def test_a_fault_in_a_verification_costs_no_test(demo: Demo, project: str, fault: Fault) -> None:
    """Every test has its result, the verdict is passed, and nothing is left in the cloud."""
    demo.cloud.delay = {}
    run_id = f"verify_{time.time_ns()}"
    api = demo.api()
    conf = {"cloud": "small", "tests": "full", "verifier": "project", "package": project, "concurrency": 1}
    api.post("/dags/verify_cloud/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})
    uuid = reference("verify_cloud", run_id, "verify")
    assert eventually(lambda: len(demo.store.tests.of(uuid)) >= 2, 600), "no test has ended"

    _do(_find(demo, fault.victim), fault)
    verdict, reasons = demo.verdict(run_id, "verify_cloud")

    assert verdict == fault.verdict, reasons
    row, tests = demo.store.verifications.get(uuid), demo.store.tests.of(uuid)
    assert row is not None
    assert (row.status, len(tests), {test.status for test in tests}) == ("finished", TESTS, {"success"})
    assert [demo.cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]


def test_the_page_says_what_is_tried() -> None:
    """The tables in the documentation are those of the tests; where they are not, they are written anew."""
    wanted, was = _page(), PAGE.read_text() if PAGE.exists() else ""
    if wanted != was:
        PAGE.write_text(wanted)
    assert wanted == was, f"{PAGE} was not true: it has been written anew, look at what is different"


def _page() -> str:
    """Return the page: processes, disks, the cloud's API."""
    tests = {name: ast.parse((CHECKOUT / "tests/core" / name).read_text()) for name in (DISKS, API)}
    disks = [one for one in tests[DISKS].body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]
    api = next(one.value for one in tests[API].body if isinstance(one, ast.AnnAssign))
    assert isinstance(api, ast.Dict)
    faults = [str(ast.literal_eval(key)) for key in api.keys if key]
    kinds = [failure.elts[1] for failure in api.values if isinstance(failure, ast.Tuple)]
    rows = [f"| {one.name.removeprefix('test_').replace('_', ' ')} | {ast.get_docstring(one)} |\n" for one in disks]
    told = [
        f"| {fault} | {ast.literal_eval(kind) or 'none: signed in anew'} |\n"
        for fault, kind in zip(faults, kinds, strict=True)
    ]
    return table() + _OTHERS.format(
        disks_file=DISKS, disks=len(disks), full="".join(rows), api_file=API, faults=len(faults), answers="".join(told)
    )


def _wait_for(demo: Demo, run_id: str, moment: str) -> None:
    """Wait until a run is as far as that."""
    if moment == "deploy":
        uuid = reference("cloud_lifecycle", run_id, "deploy")
        assert eventually(lambda: demo.store.deployments.get(uuid) is not None, 600)
    elif moment == "judge and report":
        # The stage of the load ends after the load: until then, what is struck would be that stage.
        api, judge = demo.api(), f"/dags/cloud_lifecycle/dagRuns/{run_id}/taskInstances/judge"
        assert eventually(lambda: api.get(judge)["state"] in {"running", "success"}, 600)
    else:
        least = dict(zip(OF_THE_LOAD, (1, ITERATIONS // 2, ITERATIONS - 2 * AT_A_TIME), strict=True))
        assert eventually(lambda: demo.done(run_id) >= least.get(moment, ITERATIONS // 3), 600)


def _find(demo: Demo, victim: str, process: subprocess.Popen[str] | None = None) -> int:
    """Wait for the process of that name, which may be on its way back from the fault before; return it."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [_pid(demo, victim, process)]
        return found[0] > 0

    assert eventually(there, 300), f"no process of {victim}"
    return found[0]


def _pid(demo: Demo, victim: str, process: subprocess.Popen[str] | None) -> int:
    """Return a process; 0 where it is not there."""
    airflow = AirflowServer(demo.home / "airflow")
    if victim in COMPONENTS:
        return next((one.pid for one in airflow.programs() if one.name == victim), 0)
    if victim == "command":  # which is in the foreground of its terminal
        return foreground(process) if process else 0
    if victim == "supervisord":
        return int((demo.home / "airflow/supervisor.pid").read_text())
    if victim in {"task", "worker"}:
        task = demo.stage()
        return task if victim == "task" else parent(task)
    words = {
        "keeper": "rallycross.cli.airflow.keeper",
        "load process": "benchmark.load_process",
        "tests' process": "verification_jobs.job",
    }[victim]
    return next((one.pid for one in demo.processes() if words in one.command), 0)


def _do(pid: int, fault: Fault) -> None:
    """Kill a process, or stop it for a while."""
    if fault.action == "kill":
        strike(pid, signal.SIGKILL)
        return
    strike(pid, signal.SIGSTOP)
    try:
        time.sleep(SECONDS)
    finally:
        strike(pid, signal.SIGCONT)


def _with_canary(home: Path) -> list[str]:
    """Return the files in which the password of the run's users stands.

    Another process reads them: one that closes a file of SQLite's has lost all its locks on it, also its store's.
    """
    found = subprocess.run(["grep", "-rlF", CANARY, home], capture_output=True, text=True, check=False)
    return found.stdout.splitlines()
