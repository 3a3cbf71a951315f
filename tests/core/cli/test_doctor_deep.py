"""`doctor --deep` finds lost and leftover data, says what to do, and repairs what it can."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rallycross.cli import deep_check
from rallycross.cli.main import main
from rallycross.cloud import registered
from rallycross.judging.judge import judge
from rallycross.load.sample import Sample
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.task.plan import Subtask, Task, Workload

TASK = "aaaa1111-0000-4000-8000-000000000000"


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Store a task with samples in a home of its own."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES", "RALLYCROSS_REPORTS"):
        monkeypatch.delenv(name, raising=False)
    store = Store.open()
    task = Task("it", (Subtask("it", (Workload(0, "A.b", {}, "serial", {"times": 9}, {}, {}),)),))
    [workload] = store.tasks.begin(TASK, cloud="one", task=task, environment={}).values()
    store.workloads.begin(workload)
    writer = SampleWriter(tmp_path / "samples" / workload / "0.arrows")
    for number in range(9):
        writer.add(Sample(number, 0, None, number, number + 1.0))
    writer.close()
    store.workloads.end(
        workload, status="finished", load_seconds=9.0, full_seconds=9.0, generator={"processes": 1, "shards": []}
    )
    store.tasks.end(TASK, status="finished")
    judge(store, TASK)
    return tmp_path


def _found() -> list[deep_check.Finding]:
    return list(deep_check.findings(Store.open(), settings()))


def _damaged(home: Path) -> None:
    [file] = home.glob("samples/*/0.arrows")
    file.write_bytes(file.read_bytes()[:-600])


def _foreign(home: Path) -> None:
    (home / "samples" / "nobody").mkdir()


def _no_report(home: Path) -> None:
    Store.open().artifacts.add(TASK, "html", str(home / "reports" / "gone.html"))


def _half(home: Path) -> None:
    part = home / "samples" / ".report.html.1234.part"
    part.write_text("half")
    os.utime(part, (1e9, 1e9))


def _left(_: Path) -> None:
    Store.open().ledger.remember(TASK, "one", "nova.server", "left-behind")


def _left_by_a_dead_process(home: Path) -> None:
    _left(home)
    with sqlite3.connect(home / "results.db") as connection:
        connection.execute("UPDATE tasks SET status = 'running', beat_at = 1e9")
    connection.close()


def _no_credentials(home: Path) -> None:
    file = home / "clouds" / "one.clouds.yaml"
    Store.open().clouds.register(
        "one", clouds_yaml=str(file), spec="", engine="embedded", root="", deployment=None, environment={}
    )


def _silent(home: Path) -> None:
    entry = {"auth": {"auth_url": "http://127.0.0.1:9/v3"}}
    registered.keep(settings(), "one", yaml.safe_dump({"clouds": {"one": entry}}))
    registered.keep_spec(settings(), "one", "name: one\nengine: embedded\n")
    _no_credentials(home)


def _half_deployed(_: Path) -> None:
    registered.keep_spec(settings(), "half", "name: half\nengine: embedded\n")


def _loose(home: Path) -> None:
    with sqlite3.connect(home / "results.db") as connection:
        connection.execute("INSERT INTO sla_rows (workload_uuid, criterion, passed, detail) VALUES ('x', 'x', 1, '')")
    connection.close()


def test_nothing_is_found_where_nothing_is_wrong(home: Path) -> None:
    """A normal run leaves nothing to complain of."""
    assert home.exists()
    assert _found() == []


@pytest.mark.parametrize(
    ("harm", "part", "said", "mendable"),
    [
        (_damaged, "samples", "the verdict omits it", True),
        (_foreign, "samples", "nobody: samples of a workload that", False),
        (_no_report, "files", "gone.html: the html of aaaa1111", True),
        (_half, "files", "an incomplete file, left by a killed process", True),
        (_left, "ledger", "cloud one: 1 resource of task aaaa1111-0000-4000-8000-000000000000 may still exist", False),
        (_left_by_a_dead_process, "ledger", "1 resource of task aaaa1111-0000-4000-8000-000000000000", False),
        (_no_credentials, "clouds", "does not say how to sign in - nothing of it is left here", True),
        (_silent, "clouds", "cloud one: http://127.0.0.1:9/v3 does not answer", False),
        (_half_deployed, "clouds", "cloud half: its deployment did not finish", False),
        (_loose, "database", "1 rows of sla_rows", False),
    ],
)
def test_what_is_wrong_is_found_and_mended_where_it_can_be(
    harm: Callable[[Path], None], part: str, said: str, *, mendable: bool, home: Path
) -> None:
    """Each problem is found, with a remedy; it is not found again after it was repaired."""
    harm(home)
    [found] = _found()

    assert found.part == part
    assert said in found.what
    assert " - " in found.what
    assert (deep_check.mended(found) == "") == mendable
    again = [one.what for one in _found()]
    if harm is _damaged:  # the samples stay damaged, and the verdict says so now
        [workload] = [one for row in [Store.open().tasks.get(TASK)] if row for one in row.workloads]
        assert [(row.criterion, row.passed) for row in workload.sla_rows] == [("damaged_samples", False)]
        assert said not in again[0]
    else:
        assert again == ([] if mendable else [found.what])


def test_the_command_says_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON document separates repaired problems from remaining ones; the exit code is right."""
    _no_report(home)
    _foreign(home)
    assert main(["doctor", "--json", "--deep"]) == 2
    before = json.loads(capsys.readouterr().out)
    assert main(["doctor", "--json", "--mend"]) == 2
    after = json.loads(capsys.readouterr().out)

    assert sum("gone.html" in one or "nobody" in one for one in before["wrong"]) == 2
    assert before["mended"] == []
    assert ["gone.html" in one for one in after["mended"]] == [True]
    assert not any("gone.html" in one for one in after["wrong"])
    assert any("nobody" in one for one in after["wrong"])
