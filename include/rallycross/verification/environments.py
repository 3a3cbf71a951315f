"""Python environments of verifiers, created once and reused.

An environment is complete once its file `READY` exists, which is written after all packages are installed.
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
from rallycross.verification.command import POLL, raise_if_stopped, run_command

# The packages that worker.py needs in addition to the verifier.
RUNNERS = ("stestr", "python-subunit", "testtools")
READY = "rallycross.json"
_LINES = 12  # of an installer's errors that are shown

Say = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """A Python interpreter with an installed verifier."""

    python: str
    packages: Mapping[str, str]  # name -> version of each installed package

    @classmethod
    def own(cls) -> "Environment":
        """Return the environment of this process."""
        from importlib.metadata import distributions  # noqa: PLC0415 - needed here only

        found = {one.name.lower().replace("_", "-"): one.version for one in distributions() if one.name}
        return cls(sys.executable, found)


def environment(folder: Path, requirements: Sequence[str], say: Say, *, stop: threading.Event) -> Environment:
    """Return the environment in `folder`, creating it if needed.

    Raises `RallycrossError` with the installer's errors if the packages cannot be installed, and `VerificationStopped`
    when `stop` is set; an incomplete environment is deleted.
    """
    if (found := _installed(folder)) is not None:
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f"{folder.name}.lock"), stop):
        if (found := _installed(folder)) is not None:  # another process was faster
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


def installed_environments(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the complete environments in `root`, with their requirements and installed packages."""
    for file in sorted(root.glob(f"*/{READY}")):
        if (found := _read(file)) is not None:
            yield file.parent, found


def _installed(folder: Path) -> Environment | None:
    file, python = folder / READY, folder / "bin" / "python"
    if (found := _read(file)) is None or not python.exists():  # the base Python may have been removed
        return None
    return Environment(str(python), found["packages"])


def _read(file: Path) -> dict[str, Any] | None:
    """Return the contents of a `READY` file, or None if it is missing or damaged."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"packages", "requirements"} <= found.keys() else None


def _uv(*arguments: str, stop: threading.Event) -> str:
    """Run uv and return its output."""
    what = "a verifier cannot be installed"
    limit, setting = settings().install_limit, "RALLYCROSS_INSTALL_LIMIT"
    done = run_command(
        [uv.PROGRAM, *arguments], environment=uv.environment(), limit=limit, setting=setting, what=what, stop=stop
    )
    if done.returncode:
        said = "\n".join(f"  {line}" for line in done.stderr.decode(errors="replace").strip().splitlines()[-_LINES:])
        raise RallycrossError(
            f"{what} - check its version, URL or folder, and that the package index (or the "
            f"repository) can be reached; nothing was left behind:\n{said}"
        )
    return done.stdout.decode()


@contextmanager
def _alone(path: Path, stop: threading.Event) -> Iterator[None]:
    """Hold the lock of an environment while it is created; the lock ends with the process that holds it."""
    with path.open("w") as lock:
        while not _locked(lock):
            raise_if_stopped(stop)
            time.sleep(POLL)
        yield


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
