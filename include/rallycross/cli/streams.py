"""Standard output and standard error, which a shell may have closed, or which may have no room."""

import os
import sys

_NAMES = ("stdout", "stderr")


def open_closed() -> None:
    """Have what is printed to a closed stream be lost: Python has None in its place, and the next file its number."""
    for name in _NAMES:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - stays open to the end


def flush() -> OSError | None:
    """Write what was printed; return why standard output has not taken all.

    What could not be written is lost: Python would try again at its end, and make 120 of the exit code.
    """
    why = None
    for name in _NAMES:
        stream = getattr(sys, name)
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            why = error if name == "stdout" else why
    return why
