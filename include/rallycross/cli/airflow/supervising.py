"""A supervisor that a full disk does not end: `python -m rallycross.cli.airflow.supervising -c FILE`.

What it cannot write to its log, supervisord says on standard error; where that is a file of the same disk, it would die
of that, and all that it runs with it.
"""

import sys
from contextlib import suppress
from typing import TextIO, cast

from supervisor.supervisord import main


class Forgiving:
    """A stream that loses what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, where that can be."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what was kept back, where that can be."""
        with suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        """Return the stream's own."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Tell that nobody looks at it."""
        return False


if __name__ == "__main__":
    sys.stdout, sys.stderr = cast("TextIO", Forgiving(sys.stdout)), cast("TextIO", Forgiving(sys.stderr))
    main()
