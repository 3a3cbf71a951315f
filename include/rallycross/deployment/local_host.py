"""This machine as a host."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from rallycross.deployment.command import checked, command, framed
from rallycross.deployment.host import Ran


class LocalHost:
    """Runs commands on this machine, each in a process group of its own."""

    name = "localhost"

    def run(self, script: str, *, limit: float = 600, check: bool = True) -> Ran:
        """Run a bash script for at most `limit` seconds; raise `CommandFailed` unless it ends with 0.

        Its output goes to files, not pipes: a daemon that the script leaves behind cannot keep us waiting.
        """
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            source.write(framed(script).encode())
            source.seek(0)
            began = time.monotonic()
            process = subprocess.Popen(command(limit), stdin=source, stdout=out, stderr=err, process_group=0)
            try:
                code = process.wait()
            except BaseException:  # such as an Airflow time-out: nothing goes on behind the back of who asked
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            seconds = time.monotonic() - began
            ran = Ran(128 - code if code < 0 else code, _whole(out), _whole(err))
        return checked(self.name, ran, seconds=seconds, limit=limit, check=check)

    def put(self, path: str, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file, making its folders; the file appears whole or not at all."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                os.fchmod(file.fileno(), mode)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def read(self, path: str) -> str:
        """Return a file's text; raise `FileNotFoundError` where there is none."""
        return Path(path).read_text(encoding="utf-8")


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
