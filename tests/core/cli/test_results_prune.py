"""`./rallycross results prune` says what it deletes, and deletes it."""

import json
from pathlib import Path

import pytest

from rallycross.cli.main import main
from rallycross.judging.judge import judge
from rallycross.load.sample import Sample
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store
from rallycross.task.plan import Subtask, Task, Workload

UUID = "aaaa1111-0000-4000-8000-000000000000"


@pytest.fixture(name="samples")
def _samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Store a task that ended in 2001; return its samples' folder."""
    monkeypatch.setenv("RALLYCROSS_HOME", str(tmp_path))
    for name in ("RALLYCROSS_RESULTS_URL", "RALLYCROSS_SAMPLES"):
        monkeypatch.delenv(name, raising=False)
    store = Store.open()
    workload = Workload(0, "Nova.boot", {}, "serial", {"times": 3}, {}, {})
    (own,) = store.tasks.begin(
        UUID, cloud="one", task=Task("First", (Subtask("s", (workload,)),)), environment={}
    ).values()
    store.workloads.begin(own)
    writer = SampleWriter(tmp_path / "samples" / own / "0.arrows")
    writer.add(Sample(0, 0, None, 0.0, 1.0))
    writer.close()
    store.workloads.end(own, status="finished", load_seconds=1.0, full_seconds=1.0)
    store.tasks.end(UUID, status="finished")
    judge(store, UUID)
    with store.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET ended_at = 1000000000.0")
    store.close()
    return tmp_path / "samples" / own


def said(capsys: pytest.CaptureFixture[str], words: str, code: int = 0) -> str:
    """Return what a command prints."""
    capsys.readouterr()
    assert main(["results", *words.split()]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_samples_go_and_figures_stay(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run changes nothing; then the samples go, `show` says so, and exports that need them are refused."""
    shown = "aaaa1111  task  one  First  ended 2001-09-09 01:46:40 UTC"
    dry = said(capsys, "prune --older-than 90d --samples-only --dry-run")
    assert shown in dry
    assert "would be deleted; kept: nothing" in dry
    assert (samples / "0.arrows").exists()

    document = json.loads(said(capsys, "prune --older-than 90d --samples-only --json"))
    assert [one["uuid"] for one in document["removed"]] == [UUID]
    assert document["bytes"] > 0
    assert not (samples / "0.arrows").exists()

    assert "its samples were pruned at" in said(capsys, "show aaaa")
    assert "total" in said(capsys, "show aaaa")
    assert "0 results, 0 B of files deleted" in said(capsys, "prune --older-than 90d --samples-only")
    for form in ("csv", "parquet", "rally"):
        refusal = said(capsys, f"export aaaa --format {form} -o {samples}.x", code=2)
        assert f"{form} needs them - its figures can be exported: openmetrics, html" in " ".join(refusal.split())
    for form in ("openmetrics", "html", "junit", "json", "markdown"):
        said(capsys, f"export aaaa --format {form} -o {samples}.x")


def test_whole_results_go(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kept results are counted by their reason; without a reason they go, and are listed no more."""
    assert "kept: 1 last" in said(capsys, "prune --older-than 90d --keep-last 1")
    assert "kept: 1 young" in said(capsys, "prune --older-than 5000w")
    assert "0 results" in said(capsys, "prune --older-than 90d --keep-last 1 --cloud one")
    assert "aaaa1111" in said(capsys, "list")
    assert "1 result, " in said(capsys, "prune --older-than 90d")
    assert not samples.exists()
    assert "there are no results" in said(capsys, "list")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("prune", "--older-than"),
        ("prune --older-than 90", "'90' is not a duration - write a number and s, m, h, d or w, such as 90m"),
        ("prune --older-than 90d --keep-last -1", "must be a whole number from 0"),
        ("prune --older-than 90d --cloud nowhere", "there is no cloud 'nowhere'"),
    ],
)
@pytest.mark.usefixtures("samples")
def test_what_is_wrong_is_told(words: str, complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing or invalid option is an error with a remedy, and nothing is deleted."""
    capsys.readouterr()
    try:
        code = main(["results", *words.split()])
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 2
    assert complaint in " ".join(capsys.readouterr().err.split())
