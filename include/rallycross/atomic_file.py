"""Files that are whole or not there: whoever dies, or whatever is full, half a file never has its name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from rallycross.disk import naming


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give the path of a file beside `path` to be written, and put it in its place, once it is on disk.

    Where that is left by an exception, what was at `path` stays. What is no file, such as /dev/stdout, is written to,
    and so is what a link leads to. Errors of writing name `path`.
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
        with suppress(OSError):  # where all went well, it is there no more
            part.unlink()


def _is_open(path: Path) -> bool:
    """Return whether a path, such as /dev/stdout, means what this process has open, be that a file: it must stay."""
    target = path.parent / path.readlink() if path.is_symlink() else path
    return any(os.path.realpath(one.parent).startswith("/proc/") for one in (path, target))


def _to_disk(path: Path) -> None:
    """Have the disk keep it, also through a power cut: a rename alone may come before what was written."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
