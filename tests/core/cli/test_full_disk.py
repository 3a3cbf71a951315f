"""A full disk, for each file that is written: the message has path and remedy, and earlier data is kept.

The results database has more of its own in `test_database_errors`, the folders of deployments in `conformance`.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from eventual import eventually
from judged import missed
from small_cloud import ADMIN
from small_disk import SmallDisk
from verifiable_cloud import VerifiableCloud, small_project, standing_environment

from rallycross.cli.airflow import supervisor
from rallycross.results.models import TaskRow
from rallycross.results.sample_file import read_samples
from rallycross.results.store import Store
from rallycross.verification.source import Source

FULL = "No space left on device - make room on its disk"
PROJECT = """
    import unittest

    class Works(unittest.TestCase):
        def test_a(self): pass
"""
FORMATS = ("rally", "csv", "parquet", "html", "junit", "json")


@pytest.fixture(name="disk")
def _disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk") as disk:
        yield disk


def call(disk: SmallDisk, home: Path, *arguments: str, text: str = "", **more: str) -> tuple[int, str]:
    """Run a command that sees the disk; return its exit code and output."""
    done = subprocess.run(
        disk.command([sys.executable, "-m", "rallycross.cli", *arguments]),
        env={**os.environ, "RALLYCROSS_HOME": str(home), "COLUMNS": "1000", **more},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout


def a_task(times: int = 5, message: int = 1) -> str:
    """Return a task file that needs no cloud; each iteration fails with a message of this length."""
    scenario = {"Dummy.dummy_exception": {"sleep": 0, "size_of_message": message}}
    load = {"title": "s", "scenario": scenario, "runner": {"constant": {"times": times, "concurrency": 1}}}
    load["sla"] = {"failure_rate": {"max": 100}}
    return yaml.safe_dump({"version": 2, "title": "T", "subtasks": [load]})


def the_task(home: Path) -> TaskRow:
    """Return the only task that is stored."""
    store = Store.open(f"sqlite:///{home / 'results.db'}")
    [listed] = store.tasks.latest()
    task = store.tasks.get(listed.uuid)
    assert task is not None
    return task


def test_samples(disk: SmallDisk, tmp_path: Path) -> None:
    """The load breaks off, and says so with the file, the remedy, and how many iterations were written."""
    home = tmp_path / "home"
    code, said = call(disk, home, "run", "-", text=a_task(100_000), RALLYCROSS_SAMPLES=str(disk.folder))

    assert code == 1, said
    [load] = the_task(home).workloads
    assert load.error.startswith(f"broke off: samples {disk.folder}/{load.uuid}/0.arrows: cannot be written: No space")
    assert "make room, or set RALLYCROSS_SAMPLES" in said
    kept = read_samples(disk.seen(disk.folder) / load.uuid).num_rows
    assert kept > 0
    assert f"the {kept} iterations that were written are kept" in said
    assert load.figures.count == kept


def test_samples_that_cannot_even_begin(disk: SmallDisk, tmp_path: Path) -> None:
    """Without any room for samples, the load fails."""
    home = tmp_path / "home"
    disk.fill()
    code, said = call(disk, home, "run", "-", text=a_task(), RALLYCROSS_SAMPLES=str(disk.folder))

    assert code == 1, said
    assert "cannot be written: No space left on device - make room, or set RALLYCROSS_SAMPLES" in said


@pytest.mark.parametrize("but", [0, 300_000])
def test_results_database(disk: SmallDisk, tmp_path: Path, but: int) -> None:
    """If no database can be created, nothing is run; if it fills up later, the run fails and keeps its samples."""
    home = tmp_path / "home"
    disk.fill(but=but)
    url = f"sqlite:///{disk.folder / 'results.db'}"
    code, said = call(disk, home, "run", "-", text=a_task(500, 1000), RALLYCROSS_RESULTS_URL=url)

    assert code == (1 if but else 2), said
    assert ("FAILED" in said.splitlines()) == bool(but)
    assert sum(read_samples(folder).num_rows for folder in home.glob("samples/*")) == (500 if but else 0)
    assert f"results database {disk.folder / 'results.db'}: database or disk is full - make room on its disk" in said


def test_reports(disk: SmallDisk, tmp_path: Path) -> None:
    """The run fails because its report cannot be written; its figures are stored, and no incomplete report exists."""
    home = tmp_path / "home"
    disk.fill(but=20_000)
    code, said = call(disk, home, "run", "-", text=a_task(), RALLYCROSS_REPORTS=str(disk.folder))

    assert code == 1, said
    task = the_task(home)
    assert "FAILED" in said.splitlines()
    assert f"{disk.folder}/{task.uuid}/report.html: {FULL}" in said
    assert missed(task.workloads[0].sla_rows) == {}
    assert list((disk.seen(disk.folder) / task.uuid).iterdir()) == []


def test_exports(disk: SmallDisk, tmp_path: Path) -> None:
    """In every format, no incomplete file is left, and an earlier file stays."""
    home = tmp_path / "home"
    assert call(disk, home, "run", "-", text=a_task(50, 5000))[0] == 0
    uuid, file = the_task(home).uuid, disk.folder / "out"
    disk.seen(file).write_text("before")
    disk.fill()
    for form in FORMATS:
        code, said = call(disk, home, "results", "export", uuid, "--format", form, "-o", str(file))

        assert code == 2, said
        assert f"rallycross: {file}: {FULL}" in said
        assert disk.seen(file).read_text() == "before"
    assert {path.name for path in disk.seen(disk.folder).iterdir()} == {"out", "filling"}


@pytest.mark.parametrize("but", [0, 40_000])
def test_the_whole_home(disk: SmallDisk, but: int) -> None:
    """The message names the first file that had no room."""
    disk.fill(but=but)
    code, said = call(disk, disk.folder / "home", "run", "-", text=a_task(200, 1000))

    assert code == 2, said
    assert str(disk.folder) in said
    assert "make room" in said


def test_airflow(disk: SmallDisk) -> None:
    """`up` starts nothing if its home's disk is nearly full, and `doctor` reports it."""
    for command in ("up", "doctor"):
        code, said = call(disk, disk.folder / "home", command)

        assert code == 2, said
        assert f"{disk.folder}/home/airflow: " in said
        assert "MB are free on its disk, and Airflow needs 20 MB - make room on its disk" in said


def test_airflow_that_runs(disk: SmallDisk, tmp_path: Path) -> None:
    """The supervisor and its programs survive, and write logs again once there is room."""
    folder, started = disk.folder, tmp_path / "started"
    started.touch()
    ends = f"bash -c 'echo >> {started}; sleep 0.05'"
    disk.seen(folder / "conf").write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={folder}/own.log\npidfile={folder}/pid\nchildlogdir={folder}\n"
        f"[program:ends]\ncommand={ends}\nstartsecs=0\nautorestart=true\n"
        f"[program:says]\ncommand=bash -c 'while sleep 0.01; do echo said; done'\nstdout_logfile={folder}/says.log\n"
    )
    command = shlex.join([*supervisor.command(folder / "conf")])
    with subprocess.Popen(disk.command(["bash", "-c", f"exec {command} >>{folder}/out 2>&1"])) as running:
        try:
            assert eventually(lambda: len(started.read_text()) > 1)
            disk.fill()
            before = len(started.read_text())
            assert eventually(lambda: len(started.read_text()) > before + 10)
            assert running.poll() is None
            disk.make_room()
            written = len(disk.seen(folder / "says.log").read_text())
            assert eventually(lambda: len(disk.seen(folder / "says.log").read_text()) > written)
        finally:
            running.terminate()


def test_deployments_and_verifications(disk: SmallDisk, tmp_path: Path) -> None:
    """Nothing is installed or verified; once there is room, the same commands work."""
    home, url = disk.folder / "home", f"sqlite:///{tmp_path / 'results.db'}"
    spec, project = tmp_path / "small.yaml", small_project(tmp_path / "project", PROJECT)
    verifying = ("verify", "run", "small", "--verifier", "project", "--package", project)
    with VerifiableCloud() as cloud:
        auth = {"auth_url": f"{cloud.url}/identity/v3", **ADMIN}
        spec.write_text(yaml.safe_dump({"name": "small", "engine": "existing", "auth": auth, "region_name": "R"}))
        standing_environment(disk.seen(home / "verifiers/environments"), Source("project", project))
        for arguments in (("cloud", "create", str(spec)), verifying):
            disk.fill()
            code, said = call(disk, home, *arguments, RALLYCROSS_RESULTS_URL=url)
            assert code == 2, said
            assert str(home) in said
            assert FULL in said

            disk.make_room()
            code, said = call(disk, home, *arguments, RALLYCROSS_RESULTS_URL=url)
            assert code == 0, said
