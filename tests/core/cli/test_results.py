"""`./rallycross results` lists, shows, exports, imports and deletes results."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from rallycross.cli.main import main
from rallycross.judging.judge import judge
from rallycross.load.sample import Action, Failure, Sample
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload
from rallycross.verification.test import TestResult

FIRST, SECOND = "aaaa1111-0000-4000-8000-000000000000", "aaaa2222-0000-4000-8000-000000000000"
VERIFICATION = "bbbb0000-0000-4000-8000-000000000000"


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Store two tasks, of which the second failed, and a verification."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES"):
        monkeypatch.delenv(name, raising=False)
    store = Store.open()
    _measure(store, tmp_path, FIRST, "First", cloud="one", tag="nightly", failing=False)
    _measure(store, tmp_path, SECOND, "Second", cloud="two", tag="weekly", failing=True)
    store.verifications.begin(VERIFICATION, cloud="one", chosen="quick", total=1, environment={})
    store.tests.record(VERIFICATION, TestResult("tempest.api.test_it", "fail", 0.0, 1.0, traceback="it broke"))
    store.verifications.end(VERIFICATION, status="finished")
    return tmp_path


def _measure(store: Store, home: Path, uuid: str, title: str, *, cloud: str, tag: str, failing: bool) -> None:
    workload = Workload(
        0, "Nova.boot", {}, "constant", {"times": 4, "concurrency": 2}, {}, {"failure_rate": {"max": 0}}
    )
    task = Task(title, (Subtask(title, (workload,)),), tags=(tag,))
    (workload_uuid,) = store.tasks.begin(uuid, cloud=cloud, task=task, environment={}).values()
    store.workloads.begin(workload_uuid)
    writer = SampleWriter(home / "samples" / workload_uuid / "0.arrows")
    for number in range(4):
        actions = [Action("nova.boot", 0, number, number + 1.0), Action("nova.wait", 1, number, number + 1.0)]
        failure = Failure("Boom", "it broke") if failing and number == 3 else None
        writer.add(Sample(number, 0, None, number, number + 1.0, failure=failure, actions=actions * 2))
    writer.close()
    store.workloads.end(workload_uuid, status="finished", load_seconds=4.0, full_seconds=5.0)
    store.tasks.end(uuid, status="finished")
    judge(store, uuid, samples=home / "samples")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["results", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        ([], ["aaaa1111", "aaaa2222", "bbbb0000"]),
        (["--cloud", "one"], ["aaaa1111", "bbbb0000"]),
        (["--tag", "weekly"], ["aaaa2222"]),
        (["--last", "1"], ["bbbb0000"]),
    ],
)
def test_results_are_listed(options: list[str], listed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The list has the matching results with their verdicts, the newest last."""
    lines = _said(capsys, "list", *options).splitlines()

    assert [line.split()[0] for line in lines[1:]] == listed
    verdicts = {line.split()[0]: line.split()[-1] for line in lines[1:]}
    assert verdicts.items() <= {"aaaa1111": "passed", "aaaa2222": "failed", "bbbb0000": "failed"}.items()


def test_results_are_listed_without_openstacksdk(home: Path) -> None:
    """The command does not import what only clouds need: that takes as long as all else that it does."""
    program = "import sys; from rallycross.cli.main import main; main(['results', 'list']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "RALLYCROSS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Second" in done.stdout
    assert not {"openstack", "aiohttp", "paramiko", "airflow"} & set(done.stdout.split())


def test_a_task_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """There is one row per action, with arrows for nested ones, and SLA and failures."""
    said = _said(capsys, "show", "aaaa2")
    lines = {line.strip().split("  ")[0]: line.split() for line in said.splitlines() if line.startswith(" ")}

    assert "1. Nova.boot (Second)" in said
    assert lines["total"][-2:] == ["4", "1"]
    assert lines["nova.boot"][-2:] == ["8", "0"]
    assert lines["-> nova.wait"][-2:] == ["8", "0"]
    assert "✗ failure_rate: 1 of 4 iterations failed" in said
    assert "1 x Boom: it broke" in said


def test_a_verification_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A verification's tests are counted, and the failed ones are listed."""
    said = _said(capsys, "show", "bbbb")

    assert "1 of 1 tests: 1 fail" in said
    assert "✗ tempest.api.test_it" in said


def test_each_format_is_written(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every format is readable by its readers; a task and a verification share one report."""
    for form in ("rally", "csv", "parquet"):
        _said(capsys, "export", "aaaa1", "aaaa2", "--format", form, "-o", str(home / f"tasks.{form}"))
    for form in ("html", "junit", "json"):
        _said(capsys, "export", "aaaa1", "bbbb", "--format", form, "-o", str(home / f"report.{form}"))

    assert [task["title"] for task in json.loads((home / "tasks.rally").read_text())["tasks"]] == ["First", "Second"]
    assert len((home / "tasks.csv").read_text().splitlines()) == 1 + 2 * 4 * 5
    assert (home / "tasks.parquet").read_bytes()[:4] == b"PAR1"
    assert ET.parse(home / "report.junit").getroot().get("tests") == "2"
    assert json.loads((home / "report.json").read_text())["verdict"]["passed"] is False
    assert "<title>Failed: First</title>" in (home / "report.html").read_text()
    assert sorted(path.name for path in home.glob("*.part")) == []


def test_what_was_exported_can_be_imported_after_it_was_deleted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A task is deleted with its samples, and can be imported from its export."""
    before = _said(capsys, "show", "aaaa2").splitlines()
    _said(capsys, "export", "aaaa2", "--format", "rally", "-o", str(home / "task.json"))
    assert len(list((home / "samples").iterdir())) == 2

    _said(capsys, "delete", "aaaa2")
    assert "there are no results aaaa2" in _said(capsys, "show", "aaaa2", code=2)
    assert len(list((home / "samples").iterdir())) == 1

    _said(capsys, "import", str(home / "task.json"))
    after = _said(capsys, "show", "aaaa2").splitlines()
    assert [line for line in after if not line.startswith(("began", "imported"))] == [
        line for line in before if not line.startswith(("began", "imported"))
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--cloud", "three"], "there is no cloud 'three' - available: one, two"),
        (["show", "cccc"], "there are no results cccc"),
        (["show", "aaaa"], "is ambiguous: it matches"),
        (["export", "bbbb", "--format", "csv", "-o", "x"], "is a verification, and csv is only for tasks"),
        (["export", "aaaa1", "aaaa2", "--format", "html", "-o", "x"], "a report (html) has at most one task"),
        (["export", "aaaa1", "--format", "csv", "-o", "/"], "/: is a folder"),
        (["export", "aaaa1", "--format", "rally", "-o", f"{__file__}/x"], f"{__file__}/x: cannot be written"),
        (["export", "aaaa1", "--format", "csv", "-o", "/proc/x"], "/proc/x: cannot be written"),
        (["export", "", "--format", "csv", "-o", "x"], "the uuid is empty"),
        (["import", "nowhere.json"], "nowhere.json: no such file"),
        (["import", "/proc/self/mem"], "/proc/self/mem: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what is wrong and what to do; the exit code is 2."""
    assert said in _said(capsys, *arguments, code=2)


def test_damaged_samples_mark_what_is_made_of_them(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If a task lost samples after it was judged, `show` and `export` say so, also by the exit code."""
    [file] = (path for path in home.glob("samples/*/0.arrows") if _of(FIRST, path))
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 16] = b"\xa5" * 16
    file.write_bytes(data)

    said = _said(capsys, "show", "aaaa1", code=1)
    assert f"✗ damaged_samples: the figures lack samples: {file}: bytes " in said
    assert "are damaged: 4 iterations are lost" in said
    assert ", failed" in said
    for form in ("rally", "csv", "parquet", "html", "junit", "json"):
        said = _said(capsys, "export", "aaaa1", "--format", form, "-o", str(home / f"it.{form}"), code=1)
        assert f"it.{form}: incomplete" in said
    for form in ("rally", "html", "junit", "json"):
        assert "damaged_samples" in (home / f"it.{form}").read_text()
    assert json.loads((home / "it.json").read_text())["verdict"]["passed"] is False

    judge(Store.open(), FIRST, samples=home / "samples")  # of what is left, and that is said as well
    assert "aaaa1111" in _said(capsys, "list")
    assert "✗ damaged_samples" in _said(capsys, "show", "aaaa1", code=1)


def _of(task: str, path: Path) -> bool:
    row = Store.open().tasks.get(task)
    return row is not None and path.parent.name in {workload.uuid for workload in row.workloads}


def test_an_empty_name_deletes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty uuid is refused, even if only one result exists."""
    _said(capsys, "delete", FIRST, VERIFICATION)

    assert "the uuid is empty" in _said(capsys, "delete", "", code=2)
    assert Store.open().tasks.get(SECOND) is not None


def test_a_file_in_which_nothing_was_measured_is_not_imported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without workloads is refused, and no task is stored."""
    file = home / "empty.json"
    for text in ("[]", '{"tasks": []}', '{"tasks": [{"subtasks": []}]}'):
        file.write_text(text)
        assert "there are no workloads" in _said(capsys, "import", str(file), code=2)
    assert {task.uuid for task in Store.open().tasks.latest()} == {FIRST, SECOND}


def test_what_runs_is_not_deleted_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    """A running task is deleted only with --force."""
    uuid = "cccc0000-0000-4000-8000-000000000000"
    Store.open().tasks.begin(uuid, cloud="one", task=Task("Third", ()), environment={})

    assert "is running" in _said(capsys, "delete", "cccc", code=2)
    assert "is deleted" in _said(capsys, "delete", "cccc", "--force")


def test_what_may_have_left_something_is_not_deleted_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger cannot be cleaned without the task: `delete` refuses it, before it deletes others, unless forced."""
    store = Store.open()
    row = store.tasks.get(SECOND)
    assert row is not None
    store.ledger.remember(row.workloads[0].uuid, "two", "nova.servers", "s_rally_x")

    refusal = " ".join(_said(capsys, "delete", FIRST, "aaaa2", code=2).split())
    assert f"run ./rallycross clean --task {SECOND} first, or use --force" in refusal
    assert {task.uuid for task in store.tasks.latest()} == {FIRST, SECOND}
    assert "is deleted" in _said(capsys, "delete", "aaaa2", "--force")


def test_the_task_to_clean_up_after_can_be_abbreviated(capsys: pytest.CaptureFixture[str]) -> None:
    """`clean --task` takes the first characters of a UUID; an empty one does not mean all tasks."""
    store = Store.open()
    store.ledger.remember(SECOND, "two", "nova.servers", "s_rally_x")
    for given, code, words in (
        ("aaaa2", 0, f"two task {SECOND} nova.servers s_rally_x"),
        ("aaaa", 2, "ambiguous"),
        ("bbbb", 2, f"{VERIFICATION} is a verification, not a task"),
        ("", 2, "the uuid is empty"),
    ):
        assert main(["clean", "--dry-run", "--task", given]) == code
        captured = capsys.readouterr()
        assert words in " ".join((captured.out + captured.err).split())
