"""Writes files atomically: after a crash or on a full disk, no half-written file has the final name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from rallycross.disk import naming


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path` to write to; then sync it to disk, and rename it to `path`.

    If the block raises, the old file at `path` stays. Links are followed. Anything that is not a regular file, such as
    /dev/stdout, is written to directly. Errors name `path`.
    """
    if _is_open(path) or (path.exists() and not path.is_file()):
        with naming(path):
            yield path
        return
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with naming(path):
            yield part
            _to_disk(part)
            part.replace(path)
            _to_disk(path.parent)
    except OSError as error:
        if error.filename == str(part):
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # after a success it no longer exists
            part.unlink()


def _is_open(path: Path) -> bool:
    """Return whether a path such as /dev/stdout means an open file of this process, which must not be replaced."""
    target = path.parent / path.readlink() if path.is_symlink() else path
    return any(os.path.realpath(one.parent).startswith("/proc/") for one in (path, target))


def _to_disk(path: Path) -> None:
    """Sync to disk: without it, a power cut could keep the rename and lose the content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
