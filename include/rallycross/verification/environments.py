"""Environments of verifiers: a Python and packages of their own, made once, kept, and used again.

An environment stands whole or not at all: it is made beside its place, and put there when all is installed.
"""

import fcntl
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rallycross import uv
from rallycross.atomic_file import atomic_file
from rallycross.errors import RallycrossError
from rallycross.settings import settings
from rallycross.verification.command import POLL, heed, ran

# What runs the tests (worker.py) needs, besides what is verified with.
RUNNERS = ("stestr", "python-subunit", "testtools")
READY = "rallycross.json"
_SAID = 12  # lines of an installer's complaint that are shown

Say = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """A Python that has a verifier."""

    python: str
    packages: Mapping[str, str]  # name -> version of all that is installed

    @classmethod
    def own(cls) -> "Environment":
        """Return the one that this process runs in."""
        from importlib.metadata import distributions  # noqa: PLC0415 - needed here only

        found = {one.name.lower().replace("_", "-"): one.version for one in distributions() if one.name}
        return cls(sys.executable, found)


def environment(folder: Path, requirements: Sequence[str], say: Say, *, stop: threading.Event) -> Environment:
    """Return the environment in `folder`, making it first where it does not stand.

    Raises `RallycrossError` with the installer's own words where the packages cannot be had, and `Stopped` when `stop`
    is set; leaves nothing then.
    """
    if (found := _standing(folder)) is not None:
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f"{folder.name}.lock"), stop):
        if (found := _standing(folder)) is not None:  # another process has been faster
            return found
        shutil.rmtree(folder, ignore_errors=True)
        began = time.monotonic()
        say(f"installing {' '.join(one for one in requirements if one != '--editable')}")
        try:
            _uv("venv", "--quiet", "--python", sys.executable, str(folder), stop=stop)
            python = str(folder / "bin" / "python")
            wanted = (*requirements, *RUNNERS)
            _uv("pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted, stop=stop)
            packages = {
                one["name"]: one["version"]
                for one in json.loads(_uv("pip", "list", "--format", "json", "--python", python, stop=stop))
            }
            with atomic_file(folder / READY) as part:
                part.write_text(json.dumps({"requirements": list(requirements), "packages": packages}, indent=1))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        say(f"installed in {time.monotonic() - began:.0f} s: {folder}")
        return Environment(python, packages)


def standing(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the environments that stand in `root`, with what was asked for and what is installed."""
    for file in sorted(root.glob(f"*/{READY}")):
        if (found := _read(file)) is not None:
            yield file.parent, found


def _standing(folder: Path) -> Environment | None:
    file, python = folder / READY, folder / "bin" / "python"
    if (found := _read(file)) is None or not python.exists():  # the Python beneath may have been taken away
        return None
    return Environment(str(python), found["packages"])


def _read(file: Path) -> dict[str, Any] | None:
    """Return what is installed in an environment; None where it does not stand, or a power cut has emptied that."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"packages", "requirements"} <= found.keys() else None


def _uv(*arguments: str, stop: threading.Event) -> str:
    """Run uv; return what it prints."""
    what = "a verifier cannot be installed"
    limit, setting = settings().install_limit, "RALLYCROSS_INSTALL_LIMIT"
    done = ran(
        [uv.PROGRAM, *arguments], environment=uv.environment(), limit=limit, setting=setting, what=what, stop=stop
    )
    if done.returncode:
        said = "\n".join(f"  {line}" for line in done.stderr.decode(errors="replace").strip().splitlines()[-_SAID:])
        raise RallycrossError(
            f"{what} - check its version, URL or folder, and that the package index (or the "
            f"repository) is in reach; nothing was left behind:\n{said}"
        )
    return done.stdout.decode()


@contextmanager
def _alone(path: Path, stop: threading.Event) -> Iterator[None]:
    """Let one process at a time make an environment; the lock ends with the process that holds it."""
    with path.open("w") as lock:
        while not _locked(lock):
            heed(stop)
            time.sleep(POLL)
        yield


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
