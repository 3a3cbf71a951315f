"""Turns errors of the disk into messages: which file, what the system says, and what to do."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room, or have the quota raised",
    errno.EROFS: "mount its disk for writing, or set RALLYCROSS_HOME to a folder on another",
    errno.EACCES: "give this user permission to use it",
    errno.EPERM: "give this user permission to use it",
    errno.EIO: "check its disk",
    errno.ENOTDIR: "a file is where a folder is needed: move it away",
    errno.EISDIR: "a folder is where a file is needed: move it away",
}
# Errors with a remedy that holds even if no file is named.
_OF_A_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add the file's name to errors: Python sets it if a file cannot be opened, but not if a write fails."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def refused(error: BaseException) -> str:
    """Return the message for an error of the disk, with a remedy; "" for any other error."""
    if not isinstance(error, OSError) or error.errno not in _REMEDIES:
        return ""
    if error.filename is None and error.errno not in _OF_A_DISK:
        return ""
    where = f"a file, perhaps below {tempfile.gettempdir()}" if error.filename is None else os.fsdecode(error.filename)
    return f"{where}: {os.strerror(error.errno)} - {_REMEDIES[error.errno]}"


def said(error: BaseException) -> str:
    """Return the message for any error; for an error of the disk it has a remedy."""
    return refused(error) or str(error) or type(error).__name__
