"""Programs of Debian packages that tests run: unpacked below the state folder, so that nothing of the machine changes.

`debian("postgresql", "postgresql")` gives the tree, with all that the packages need and the machine does not have.
"""

import fcntl
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from rallycross.settings import settings

# Two C libraries in one process do not get on; nothing of the rest is run from the tree.
_NEVER = ("libc6", "libc-bin", "libc-l10n", "locales", "perl", "systemd", "dpkg", "debconf", "init-system-helpers")
_DAY = 86400.0


class NoPackagesError(Exception):
    """The packages cannot be had here."""


@dataclass(frozen=True)
class Tree:
    """Packages, unpacked: the root folder, and the environment in which programs of it run."""

    root: Path

    def program(self, pattern: str) -> Path:
        """Return the program that a pattern below the root names, such as `usr/lib/postgresql/*/bin/initdb`."""
        found = sorted(self.root.glob(pattern))
        if not found:
            raise NoPackagesError(f"{self.root} has no {pattern}")
        return found[-1]

    @property
    def environment(self) -> dict[str, str]:
        """The tests' own environment, with the libraries of the tree."""
        folders = {
            str(path.parent) for pattern in ("lib", "usr/lib") for path in (self.root / pattern).glob("**/*.so*")
        }
        given = os.environ.get("LD_LIBRARY_PATH")
        return {**os.environ, "LD_LIBRARY_PATH": ":".join([*sorted(folders), *([given] if given else [])])}


def debian(name: str, *packages: str) -> Tree:
    """Return the tree of some packages, made at the first call; raise `NoPackagesError` where it cannot be."""
    if not all(map(shutil.which, ("apt-get", "dpkg-deb", "dpkg-query"))):
        raise NoPackagesError(f"this machine is no Debian: install {' '.join(packages)}")
    cache = settings().home / "cache" / "debian"
    cache.mkdir(parents=True, exist_ok=True)
    # A user of the tests' own, such as PostgreSQL's, runs programs from here.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / name).exists():
            _unpack(cache, name, packages)
    return Tree(cache / name)


def _unpack(cache: Path, name: str, packages: tuple[str, ...]) -> None:
    part, new = cache / f"{name}.part", cache / f"{name}.new"
    for folder in (part, new):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    apt = _apt(cache)
    listed = _run(*apt, "-o", f"Dir::State::status={cache}/apt/nothing", "--print-uris", "install", *packages)
    names = [line.split(" ")[1].split("_")[0] for line in listed.splitlines() if line.startswith("'")]
    wanted = [one for one in names if not one.startswith(_NEVER) and not _installed(one)]
    _run(*apt, "download", *wanted, cwd=new)
    for package in new.glob("*.deb"):
        _run("dpkg-deb", "-x", str(package), str(part))
    shutil.rmtree(new)
    part.rename(cache / name)


def _apt(cache: Path) -> list[str]:
    """Return the beginning of an apt command on lists of its own: it takes neither root nor the system's lock."""
    own = cache / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (own / folder).mkdir(parents=True, exist_ok=True)
    for file in ("status", "nothing"):
        (own / file).touch()
    options = {
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "root",
        "Dir::State": own,
        "Dir::State::lists": own / "lists",
        "Dir::Cache": own / "cache",
        "APT::Install-Recommends": "0",
        "Acquire::Retries": "2",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
    }
    apt = ["apt-get", "-qq", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    fresh = own / "updated"
    if not fresh.exists() or time.time() - fresh.stat().st_mtime > _DAY:
        _run(*apt, "update")
        fresh.touch()
    return apt


def _installed(package: str) -> bool:
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True, check=False
    )
    return said.stdout == "installed"


def _run(*command: str, cwd: Path | None = None) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if ran.returncode:
        raise NoPackagesError(f"{' '.join(command[:1])} ...: {ran.stderr.strip()[-500:]}")
    return ran.stdout
