"""Checks whether this machine can run the embedded cloud, before anything is downloaded or started.

Standard library only: the `rallycross` command runs this file before there is an environment.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

MEMORY = 6_000_000_000  # bytes; OpenStack, its database and broker, Airflow, tempest and the load use 5 GB together
DISK = 5_000_000_000  # bytes, at the first start: environments, databases, logs
DISK_AGAIN = 1_000_000_000  # bytes, once the environments are there
SYSTEMS = {"debian": 12.0, "ubuntu": 24.04}  # and newer

OTHERWISE = "use docker compose up (README.md), or an existing cloud: ./rallycross demo --cloud-spec SPEC"


@dataclass(frozen=True)
class MachineFacts:
    """The relevant facts about a machine; sizes in bytes."""

    system: str  # ID and VERSION_ID of os-release, such as "debian 12"
    memory: int
    disk_free: int
    installed: bool  # the checkout's environment exists already


def look(checkout: Path, *, system_root: Path = Path("/")) -> MachineFacts:
    """Return the facts about this machine."""
    release = dict(line.split("=", 1) for line in _read(system_root / "etc/os-release").splitlines() if "=" in line)
    release = {key: value.strip('"') for key, value in release.items()}
    return MachineFacts(
        system=f"{release.get('ID', 'unknown')} {release.get('VERSION_ID', '')}".strip(),
        memory=_memory(system_root),
        disk_free=shutil.disk_usage(checkout).free,
        installed=(checkout / ".venv" / ".rallycross-stamp").exists(),
    )


def complaints(machine: MachineFacts) -> list[str]:
    """Return why the embedded cloud cannot run here, each with a remedy; empty if it can."""
    found = []
    name, _, release = machine.system.partition(" ")
    if name not in SYSTEMS or not _at_least(release, SYSTEMS[name]):
        found.append(
            f"this is {machine.system}; the embedded cloud needs Debian 12, Ubuntu 24.04, or newer - {OTHERWISE}"
        )
    if machine.memory < MEMORY:
        found.append(
            f"{machine.memory / 1e9:.1f} GB of memory, and the embedded cloud needs {MEMORY / 1e9:.0f} GB"
            f" - take a larger machine, or {OTHERWISE}"
        )
    needed = DISK_AGAIN if machine.installed else DISK
    if machine.disk_free < needed:
        found.append(
            f"{machine.disk_free / 1e9:.1f} GB free on this disk, and the embedded cloud needs {needed / 1e9:.0f} GB"
            f" - make room, put the checkout on a larger disk, or {OTHERWISE}"
        )
    return found


def _at_least(release: str, wanted: float) -> bool:
    try:
        return float(release) >= wanted
    except ValueError:
        return release == ""  # Debian testing and unstable have no number


def _memory(system_root: Path) -> int:
    """Return the machine's memory, or the container's limit if that is lower."""
    rows = dict(line.split(":", 1) for line in _read(system_root / "proc/meminfo").splitlines() if ":" in line)
    limits = [int(rows["MemTotal"].split()[0]) * 1024]
    for name in ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limit = _read(system_root / name).strip()
        if limit.isdigit():
            limits.append(int(limit))
    return min(limits)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def main(checkout: str, *arguments: str) -> int:
    """Print complaints for `rallycross demo`. A user's cloud spec is checked later, when YAML can be read."""
    if any(argument.startswith("--cloud-spec") for argument in arguments) or "--help" in arguments:
        return 0
    found = complaints(look(Path(checkout)))
    for complaint in found:
        print(f"rallycross: {complaint}", file=sys.stderr)  # noqa: T201
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
