"""Handles closed standard streams, and standard streams on a full disk."""

import os
import sys
from pathlib import Path

from rallycross.disk import naming

STDOUT = Path("standard output")  # as errors name it
_NAMES = ("stdout", "stderr")


def open_closed() -> None:
    """Discard what is printed to a closed stream: it is None in Python, and the next file would get its descriptor."""
    for name in _NAMES:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - stays open to the end


def flush() -> OSError | None:
    """Flush both streams; return the error of standard output, if any.

    Unwritten output is discarded: otherwise Python would flush again at exit, fail, and exit with 120.
    """
    why = None
    for name in _NAMES:
        stream = getattr(sys, name)
        try:
            with naming(STDOUT):
                stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            why = error if name == "stdout" else why
    return why
