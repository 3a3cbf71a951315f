"""The commands `run` and `clean`: their output and exit codes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from judged import is_believed
from load_processes import load_processes
from small_cloud import SmallCloud
from terminal import foreground, on_a_terminal, press_ctrl_c

from rallycross.results.endings import ending_line
from rallycross.results.models import TaskRow
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store

SERVERS = {"NovaServers.boot_and_delete_server": {"image": {"name": "cirros"}, "flavor": {"name": "m1.nano"}}}


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    """Return a state folder."""
    return tmp_path / "home"


def command(home: Path, *arguments: str, text: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command until it ends."""
    environment = {**os.environ, "RALLYCROSS_HOME": str(home), **more}
    return subprocess.run(
        [sys.executable, "-m", "rallycross.cli", *arguments],
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def task_of(scenario: dict[str, object], **more: object) -> str:
    """Return a task file of one workload."""
    return yaml.safe_dump({"version": 2, "title": "T", "subtasks": [{"title": "s", "scenario": scenario, **more}]})


def test_a_task_that_needs_no_cloud_runs_from_standard_input(home: Path) -> None:
    """A passed run ends with 0, prints PASSED, and leaves a report and a task that `results` can show."""
    ran = command(home, "run", "-", text=task_of({"Dummy.dummy": {}}, runner={"constant": {"times": 5}}))
    believed = is_believed(ran.stdout, ran.returncode)
    words = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines() if line.startswith(("task", "report")))
    assert Path(words["report"]).read_text().startswith("<!doctype html>")
    row = Store.open(f"sqlite:///{home / 'results.db'}").tasks.get(words["task"])
    assert (row.status, row.workloads[0].passed) == ("finished", believed)


def test_a_missed_criterion_ends_with_one(home: Path) -> None:
    """A failed run prints FAILED and the reason."""
    ran = command(home, "run", "-", text=task_of({"Dummy.dummy_exception": {"sleep": 0}}))
    assert ran.returncode == 1
    assert "FAILED" in ran.stdout
    assert "1 of 1 iterations failed" in ran.stdout


@pytest.mark.parametrize(
    ("scenario", "arguments", "said"),
    [
        ({"Dummy.dumy": {}}, (), "did you mean Dummy.dummy"),
        ({"Dummy.dummy": {}}, ("--cloud", "nowhere"), "there is no cloud 'nowhere'"),
        ({"NovaServers.list_servers": {}}, (), "--cloud"),
    ],
)
def test_what_cannot_be_run_ends_with_two(
    scenario: dict[str, object], arguments: tuple[str, ...], said: str, home: Path
) -> None:
    """An invalid input is reported with a remedy, and nothing is stored."""
    ran = command(home, "run", "-", *arguments, text=task_of(scenario))
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert Store.open(f"sqlite:///{home / 'results.db'}").ledger.owners() == []


def test_a_missing_cloud_is_missed_once(home: Path) -> None:
    """One complaint says how many workloads need a cloud, and how to name it."""
    keystone = {"title": "s", "scenario": {"Authenticate.keystone": {}}}
    subtasks = [{"title": "s", "scenario": {"Dummy.dummy": {}}}, keystone, keystone, keystone]
    ran = command(home, "run", "-", text=yaml.safe_dump({"version": 2, "title": "t", "subtasks": subtasks}))
    assert ran.returncode == 2
    assert "1 thing is wrong" in ran.stderr
    assert "needs a cloud, as do 2 more workloads; none was named - name one: --cloud NAME" in ran.stderr


def test_timing_and_arguments_come_from_the_command_line(home: Path) -> None:
    """`--timing` takes precedence over the file's, and `--task-args` fill in its template."""
    text = task_of({"Dummy.dummy": {}}).replace("title: s", "title: '{{ what }}'")
    ran = command(home, "run", "-", "--timing", "rally", "--task-args", "what=hello", text=text)
    is_believed(ran.stdout, ran.returncode)
    uuid = next(line.split()[1] for line in ran.stdout.splitlines() if line.startswith("task"))
    row = Store.open(f"sqlite:///{home / 'results.db'}").tasks.get(uuid)
    assert (row.timing, row.subtasks[0].title) == ("rally", "hello")


def test_ctrl_c_stops_judges_and_reports(home: Path, tmp_path: Path) -> None:
    """After an interrupt it ends with 1; the report has what was measured, and no process is left."""
    file = tmp_path / "task.yaml"
    file.write_text(task_of({"Dummy.dummy": {"sleep": 0.05}}, runner={"constant": {"times": 10_000}}))
    environment = {**os.environ, "RALLYCROSS_HOME": str(home)}
    with on_a_terminal([sys.executable, "-m", "rallycross.cli", "run", str(file)], environment) as process:
        try:
            store = Store.open(f"sqlite:///{home / 'results.db'}")
            _wait_for_progress(store)
            children = load_processes(foreground(process))
            press_ctrl_c(process)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 1, out
    assert children
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []
    assert "aborted_manually" in out
    report = next(line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("report"))
    assert "aborted_manually" in Path(report).read_text()
    [row] = _tasks(store)
    assert (row.status, row.workloads[0].status) == ("aborted", "aborted")
    assert 0 < row.workloads[0].figures.count < 10_000


def _wait_for_progress(store: Store) -> None:
    deadline = time.monotonic() + 60
    while not (tasks := _tasks(store)) or not tasks[0].workloads[0].progress:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _tasks(store: Store) -> list[TaskRow]:
    return [task for row in store.tasks.latest() if (task := store.tasks.get(row.uuid)) is not None]


ENDLESS = {"Dummy.dummy_timed_atomic_actions": {"number_of_actions": 1_000_000_000, "sleep_factor": 0}}


def test_ctrl_c_in_an_iteration_without_end_is_told_everywhere(home: Path, tmp_path: Path) -> None:
    """An iteration that is cut short keeps its actions; terminal, reports and database say that a user stopped it."""
    file = tmp_path / "task.yaml"
    scenario = {"Dummy.dummy_timed_atomic_actions": {"number_of_actions": 1_000_000_000, "sleep_factor": 0.001}}
    file.write_text(task_of(scenario))
    environment = {**os.environ, "RALLYCROSS_HOME": str(home)}
    command = [sys.executable, "-m", "rallycross.cli", "run", str(file), "--drain", "0"]
    with on_a_terminal(command, environment) as process:
        try:
            store = Store.open(f"sqlite:///{home / 'results.db'}")
            _wait_for_progress(store)
            press_ctrl_c(process)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    reason = "stopped by user: Ctrl-C of ./rallycross run"
    assert process.returncode == 1, out
    assert "Traceback" not in out
    assert f"aborted_manually: {reason}" in out
    report = Path(next(line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("report")))
    assert [file.name for file in report.parent.iterdir() if reason not in file.read_text()] == []
    [row] = _tasks(store)
    assert ending_line(row.workloads[0]) == reason
    assert row.workloads[0].figures.count == 1
    [sample] = read_samples(home / "samples" / row.workloads[0].uuid).to_pylist()
    assert sample["failure"]["kind"] == "Aborted"
    assert len(sample["actions"]) > 1


def test_an_iteration_without_end_ends_at_its_limit(home: Path) -> None:
    """An iteration with too many actions fails; the error has the limit and the setting, and its actions are kept."""
    ran = command(home, "run", "-", text=task_of(ENDLESS), RALLYCROSS_ITERATION_LIMIT="5000")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    report = next(line.split(maxsplit=1)[1] for line in ran.stdout.splitlines() if line.startswith("report"))
    assert "TooMany" in Path(report).read_text()
    assert "raise RALLYCROSS_ITERATION_LIMIT" in Path(report).read_text()
    [row] = _tasks(Store.open(f"sqlite:///{home / 'results.db'}"))
    [sample] = read_samples(home / "samples" / row.workloads[0].uuid).to_pylist()
    assert len(sample["actions"]) == 5000


def test_what_a_killed_run_has_left_is_cleaned(home: Path, small_cloud: SmallCloud, tmp_path: Path) -> None:
    """After `kill -9` of the command, `clean --task` deletes what was left in the cloud, and then finds nothing."""
    small_cloud.ready_after = 3600
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(yaml.safe_dump({"clouds": {"small": small_cloud.cloud().config}}))
    environment = {**os.environ, "RALLYCROSS_HOME": str(home), "OS_CLIENT_CONFIG_FILE": str(clouds)}
    file = tmp_path / "task.yaml"
    file.write_text(task_of(SERVERS))
    with subprocess.Popen(
        [sys.executable, "-m", "rallycross.cli", "run", str(file), "--cloud", "small"], env=environment
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while small_cloud.count("servers") < 1:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            process.kill()
    store = Store.open(f"sqlite:///{home / 'results.db'}")
    [(_, uuid)] = store.ledger.owners()
    seen = command(home, "clean", "--task", uuid, "--dry-run", OS_CLIENT_CONFIG_FILE=str(clouds))
    assert "keystone.project" in seen.stdout
    assert small_cloud.count("projects") == 1
    cleaned = command(home, "clean", "--task", uuid, OS_CLIENT_CONFIG_FILE=str(clouds))
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert [small_cloud.count(kind) for kind in ("projects", "users", "servers")] == [0, 0, 0]
    assert store.ledger.owners() == []
