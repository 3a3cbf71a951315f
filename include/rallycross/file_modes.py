"""File modes: state is readable by its owner only; reports and samples also by one group, if a setting names it.

Modes are set explicitly, not left to the umask: the command line, Airflow's workers and users of the core write the
same files.
"""

import grp
import os
import stat
from pathlib import Path
from typing import IO, Any

from rallycross.errors import RallycrossError
from rallycross.settings import CHECKOUT, settings

_SETTING = "RALLYCROSS_RESULTS_GROUP"
_OURS = (
    "airflow",
    "cache",
    "clouds",
    "deployments",
    "e2e",
    "grants",
    "setup.lock",
    "setup.log",
    "venv-core",
    "verifiers",
)


def close_home(home: Path) -> None:
    """Close Rallycross's folders in the home to all but the owner; the results group may pass through to the results.

    The home itself is closed only if it is the checkout's default: a folder that the user chose may hold other things.
    """
    if not home.is_dir() or home.stat().st_uid != os.geteuid():
        return
    group = _group()
    open_now = 0 if home == CHECKOUT / ".rallycross" else stat.S_IMODE(home.stat().st_mode)
    _set(home, open_now | (0o700 if group is None else 0o710), group)
    for name in _OURS:
        path = home / name
        if path.exists() and path.stat().st_uid == os.geteuid():
            _set(path, path.stat().st_mode & 0o700, None)
    for path in (home / "samples", home / "reports"):
        if path.exists() and path.stat().st_uid == os.geteuid():
            _set(path, *_shared(0o700))


def private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, for the owner only."""
    _make(folder, 0o700, None)


def results_folder(folder: Path) -> None:
    """Create a folder for reports or samples, and its missing parents."""
    _make(folder, *_shared(0o700))


def results_file(path: Path, mode: str = "wb", buffering: int = -1) -> IO[Any]:
    """Open a file for reports or samples for writing ("wb", or "xb" if it must not exist)."""
    file = open(path, mode, buffering, opener=_opener)  # noqa: SIM115 - Path.open takes no opener
    try:
        permissions, group = _shared(0o600)
        os.fchmod(file.fileno(), permissions)  # also if the file existed
        _give(file.fileno(), group)
    except BaseException:
        file.close()
        raise
    return file


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make(folder: Path, mode: int, group: int | None) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=mode & 0o700, exist_ok=True)
        _set(path, mode, group)


def _set(path: Path, mode: int, group: int | None) -> None:
    now = path.stat()
    if group is not None and now.st_gid != group:
        _give(path, group)
    mode |= now.st_mode & stat.S_ISGID
    if stat.S_IMODE(now.st_mode) != mode:
        path.chmod(mode)


def _shared(mode: int) -> tuple[int, int | None]:
    """Return the mode and group of results: the group gets the owner's right to read, but not to write."""
    group = _group()
    return (mode, None) if group is None else (mode | (mode & 0o500) >> 3, group)


def _group() -> int | None:
    name = settings().results_group
    if not name:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise RallycrossError(
            f"{_SETTING}: there is no group {name!r} on this machine - name one, or leave it out"
        ) from error


def _give(what: Path | int, group: int | None) -> None:
    if group is None:
        return
    try:
        os.chown(what, -1, group)
    except PermissionError as error:
        raise RallycrossError(
            f"{_SETTING}: you are not in the group {grp.getgrgid(group).gr_name!r} - join it, sign in again,"
            " and try again"
        ) from error
