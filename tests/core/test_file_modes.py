"""Modes of files: state is owner-only, and one group can read results if the setting names it."""

import grp
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rallycross import file_modes
from rallycross.errors import RallycrossError
from rallycross.load.sample import Sample
from rallycross.report.files import write
from rallycross.results.sample_file import SampleWriter
from rallycross.results.store import Store


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a home, with the usual umask."""
    home = tmp_path / "outer" / "home"
    monkeypatch.setenv("RALLYCROSS_HOME", str(home))
    monkeypatch.delenv("RALLYCROSS_RESULTS_GROUP", raising=False)
    before = os.umask(0o022)
    yield home
    os.umask(before)


def results(home: Path) -> None:
    """Write samples and a report into the home."""
    store = Store.open(f"sqlite:///{home / 'results.db'}")
    with closing(SampleWriter(home / "samples" / "w" / "0.arrows")) as writer:
        writer.add(Sample(0, 0, None, 0.0, 1.0))
    write(store, deployment=None, verification=None, task="gone", folder=home / "reports" / "r")


def mode_of(path: Path) -> int:
    """Return the mode's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_all_is_the_owners(home: Path) -> None:
    """Under a common umask, nobody but the owner can read a file or enter a folder of the home."""
    results(home)

    every = list(home.rglob("*"))
    assert {"0.arrows", "report.html", "junit.xml", "report.json", "results.db"} <= {path.name for path in every}
    assert [path for path in (home, *every) if mode_of(path) & 0o077] == []


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_group_reads_results_and_nothing_else(home: Path, monkeypatch: pytest.MonkeyPatch, umask: int) -> None:
    """With the setting, its group reads reports and samples, passes through the home, and has nothing else there."""
    group = grp.getgrgid(os.getegid())
    monkeypatch.setenv("RALLYCROSS_RESULTS_GROUP", group.gr_name)
    os.umask(umask)

    results(home)
    file_modes.close_home(home)

    for path in (*(home / "samples").rglob("*"), *(home / "reports").rglob("*"), home / "samples", home / "reports"):
        assert (mode_of(path), path.stat().st_gid) == (0o750 if path.is_dir() else 0o640, group.gr_gid), path
    assert mode_of(home) == 0o710
    assert mode_of(home / "results.db") == 0o600


def test_what_an_older_version_left_open_is_closed(home: Path) -> None:
    """The next command closes open folders; a home that the user chose stays open."""
    for name in ("samples", "reports", "clouds", "deployments", "something"):
        (home / name).mkdir(parents=True)

    file_modes.close_home(home)

    assert {path.name for path in home.iterdir() if mode_of(path) & 0o077} == {"something"}
    assert mode_of(home) == 0o755


def test_a_report_that_all_could_read_is_closed_as_it_is_written_again(home: Path) -> None:
    """Overwriting an old file gives it the current mode."""
    results(home)
    page = home / "reports" / "r" / "report.html"
    page.chmod(0o644)

    write(
        Store.open(f"sqlite:///{home / 'results.db'}"),
        deployment=None,
        verification=None,
        task="gone",
        folder=page.parent,
    )

    assert mode_of(page) == 0o600


def test_a_group_that_is_not_there_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The complaint names the setting and the group."""
    monkeypatch.setenv("RALLYCROSS_RESULTS_GROUP", "no-such-group")

    with pytest.raises(RallycrossError, match=r"RALLYCROSS_RESULTS_GROUP: there is no group 'no-such-group'"):
        file_modes.results_folder(home / "samples")
