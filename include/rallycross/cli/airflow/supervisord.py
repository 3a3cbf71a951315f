"""Runs supervisord so that it survives a full disk: `python -m rallycross.cli.airflow.supervisord -c FILE`.

If supervisord cannot write its log, it reports that on standard error. If that is a file on the same disk, supervisord
would die, with all its programs.
"""

import sys
from contextlib import suppress
from typing import TextIO, cast

from supervisor.supervisord import main


class LossyStream:
    """A stream that drops what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; ignore errors."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush; ignore errors."""
        with suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        """Return the stream's file descriptor."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return that it is not a terminal."""
        return False


if __name__ == "__main__":
    sys.stdout, sys.stderr = cast("TextIO", LossyStream(sys.stdout)), cast("TextIO", LossyStream(sys.stderr))
    main()
