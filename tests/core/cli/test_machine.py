"""Requirements of the embedded cloud, and the complaints about a machine that does not meet them."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from rallycross.cli import machine
from rallycross.cli.machine import DISK, DISK_AGAIN, MEMORY, MachineFacts, complaints, look

GOOD = MachineFacts(system="debian 12", memory=MEMORY, disk_free=DISK, installed=False)


def a_root(folder: Path, *, release: str = 'ID=debian\nVERSION_ID="12"\n', kilobytes: int = 8_000_000) -> Path:
    """Create the files of /etc and /proc that are read."""
    (folder / "etc").mkdir()
    (folder / "proc").mkdir()
    (folder / "etc/os-release").write_text(release)
    (folder / "proc/meminfo").write_text(f"MemTotal:       {kilobytes} kB\nMemFree:   1 kB\n")
    return folder


@pytest.mark.parametrize("system", ["debian 12", "debian 13", "ubuntu 24.04", "ubuntu 26.04", "debian"])
def test_takes_the_systems_it_is_made_for(system: str) -> None:
    """Debian 12 and newer, Debian testing without a number, and Ubuntu 24.04 and newer are accepted."""
    assert complaints(dataclasses.replace(GOOD, system=system)) == []


@pytest.mark.parametrize("system", ["debian 11", "ubuntu 22.04", "fedora 42", "alpine 3.20", "unknown"])
def test_points_elsewhere_on_other_systems(system: str) -> None:
    """Any other system is named in a complaint that offers docker compose and an existing cloud."""
    (complaint,) = complaints(dataclasses.replace(GOOD, system=system))

    assert system in complaint
    assert "docker compose" in complaint
    assert "--cloud-spec" in complaint


def test_says_how_much_memory_is_missing() -> None:
    """One byte less than needed is too little, and the complaint has both figures."""
    (complaint,) = complaints(dataclasses.replace(GOOD, memory=MEMORY - 1))

    assert "6.0 GB of memory" in complaint
    assert "needs 6 GB" in complaint


def test_a_second_start_needs_less_disk() -> None:
    """Less disk is needed once the environment is installed."""
    little = dataclasses.replace(GOOD, disk_free=DISK_AGAIN)

    assert len(complaints(little)) == 1
    assert complaints(dataclasses.replace(little, installed=True)) == []


def test_all_complaints_come_at_once() -> None:
    """All missing requirements are reported together."""
    assert len(complaints(MachineFacts(system="fedora 42", memory=1, disk_free=1, installed=False))) == 3


def test_reads_the_machine(tmp_path: Path) -> None:
    """The system's name and number, and its memory in bytes, come from the system's own files."""
    found = look(tmp_path, system_root=a_root(tmp_path))

    assert (found.system, found.memory, found.installed) == ("debian 12", 8_000_000 * 1024, False)


@pytest.mark.parametrize(("limit", "memory"), [("1000000000\n", 1_000_000_000), ("max\n", 8_000_000 * 1024)])
def test_a_container_has_what_its_limit_says(tmp_path: Path, limit: str, memory: int) -> None:
    """The control group's limit is used if it is lower than the machine's memory."""
    root = a_root(tmp_path)
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "sys/fs/cgroup/memory.max").write_text(limit)

    assert look(tmp_path, system_root=root).memory == memory


def test_needs_the_standard_library_only() -> None:
    """The file runs by itself in an isolated Python without any package, as the `rallycross` command runs it."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", machine.__file__, "/", "demo", "--help"], capture_output=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
