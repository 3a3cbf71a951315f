"""This machine as a host."""

import errno
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from rallycross.child_environment import BASIC, INSTALLER, NETWORK, passed
from rallycross.deployment.command import checked, command, framed
from rallycross.deployment.host import Ran
from rallycross.deployment.limits import host_limit
from rallycross.disk import naming

_UMASK = 0o022  # as in a login over SSH; under the umask of Airflow's components no other user could read the files
_WHOLE_PIPE = 1 << 20  # as much as a pipe can hold


class LocalHost:
    """Runs commands on this machine, each in its own process group and with few of this process's variables."""

    name = "localhost"

    def run(self, script: str, *, limit: float | None = None, check: bool = True) -> Ran:
        """Run a bash script for at most `limit` seconds; raise `CommandFailed` unless it ends with 0."""
        limit = host_limit() if limit is None else limit
        with tempfile.TemporaryFile() as source:
            source.write(framed(script).encode())
            source.seek(0)
            began = time.monotonic()
            pipe = subprocess.PIPE
            variables = passed(*BASIC, *NETWORK, *INSTALLER)
            with subprocess.Popen(
                command(limit), env=variables, stdin=source, stdout=pipe, stderr=pipe, process_group=0, umask=_UMASK
            ) as process:
                try:
                    out, err = _gather(process)
                except BaseException:  # such as an Airflow time-out: the command must not outlive its caller
                    os.killpg(process.pid, signal.SIGKILL)
                    raise
        seconds = time.monotonic() - began
        code = process.returncode
        ran = Ran(128 - code if code < 0 else code, out, err)
        return checked(self.name, ran, seconds=seconds, limit=limit, check=check)

    def put(self, path: str, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file, creating its folders; the file appears whole or not at all."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            with naming(target), os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                os.fchmod(file.fileno(), mode)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def read(self, path: str) -> str:
        """Return a file's text; raise `FileNotFoundError` if it does not exist."""
        if (file := Path(path)).exists() and not file.is_file():  # a device has no end, and a pipe may never begin
            raise FileNotFoundError(errno.ENOENT, "is not a file", path)
        return file.read_text(encoding="utf-8")


def _gather(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Return a process's stdout and stderr until it ends; a daemon that it left may keep the pipes open for longer."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    for pipe in said:
        os.set_blocking(pipe, False)
    end = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as ready:
            for file in (end, *said):
                ready.register(file, selectors.EVENT_READ)
            ended = False
            while not ended:
                for key, _ in ready.select():
                    if key.fd == end:
                        ended = True
                    elif not _take(key.fd, said[key.fd]):
                        ready.unregister(key.fd)
    finally:
        os.close(end)
    for pipe, text in said.items():
        with suppress(BlockingIOError):  # nothing more has come
            _take(pipe, text)
    out, err = (text.decode(errors="replace") for text in said.values())
    return out, err


def _take(pipe: int, text: bytearray) -> bool:
    """Append what a pipe holds to `text`; return False at the pipe's end."""
    chunk = os.read(pipe, _WHOLE_PIPE)
    text += chunk
    return bool(chunk)
