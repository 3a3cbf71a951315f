"""A machine that is reached by SSH, as a host."""

import errno
import os
import select
import shlex
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import paramiko

from rallycross.deployment.command import checked, command, framed
from rallycross.deployment.host import HostLost, Ran
from rallycross.deployment.limits import host_limit, step_limit
from rallycross.settings import settings

# Half of what an OpenSSH server allows on one connection (MaxSessions 10).
_SESSIONS = 5
# Seconds to wait for output after the end of its command; later output is that of a daemon left behind.
_TRAIL = 0.25
_CHUNK = 1 << 16
_NO_FILE = 66  # EX_NOINPUT: exit code for "there is no such file"

# Arguments: folder, temporary name, name, mode, size; the content comes by standard input. The size is checked because
# a broken connection looks to `cat` like the end of the file.
_PUT = """
trap 'rm -f -- "$2"' EXIT
mkdir -p -- "$1"
(umask 077; cat > "$2")
[ "$(wc -c < "$2")" -eq "$5" ] || { echo "only a part of it came" >&2; exit 1; }
chmod "$4" -- "$2"
mv -fT -- "$2" "$3"
"""


class SSHHost:
    """Runs commands through an SSH client. Threads may share it.

    Without `again`, the client must be connected, and the caller closes it. `again` returns a connected client, or
    raises; it is called whenever there is no connection, and `close` closes its clients.
    """

    def __init__(
        self,
        client: paramiko.SSHClient | None,
        *,
        name: str,
        again: Callable[[], paramiko.SSHClient] | None = None,
    ) -> None:
        self.name = name
        self._client = client
        self._again = again
        self._connecting = threading.Lock()
        self._sessions = threading.Semaphore(_SESSIONS)

    def sign_in(self) -> None:
        """Connect, unless already connected."""
        self._transport()

    def close(self) -> None:
        """Close the connection that `again` has opened."""
        if self._again and self._client:
            self._client.close()
            self._client = None

    def channel_to(self, address: str, port: int) -> paramiko.Channel:
        """Return a connection from this host to an address; raise paramiko's errors."""
        return self._channel("direct-tcpip", to=(address, port), of=("127.0.0.1", 0))

    def run(self, script: str, *, limit: float | None = None, check: bool = True) -> Ran:
        """Run a bash script for at most `limit` seconds; raise `CommandFailed` unless it ends with 0."""
        limit = host_limit() if limit is None else limit
        with self._sessions:
            began = time.monotonic()
            # The outer shell survives the kill at the limit, and returns the exit code.
            around = f"bash --norc -c {shlex.quote(f'{shlex.join(command(limit))}; exit $?')}"
            ran = self._exchange(around, framed(script).encode(), limit)
            seconds = time.monotonic() - began
        return checked(self.name, ran, seconds=seconds, limit=limit, check=check)

    def put(self, path: str, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file, creating its folders; the file appears whole or not at all."""
        data = content.encode() if isinstance(content, str) else content
        target = PurePosixPath(path)
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        words = [str(target.parent), str(part), str(target), f"{mode:o}", str(len(data))]
        with self._sessions:
            ran = self._exchange(
                shlex.join(["bash", "--norc", "-euc", _PUT, "put", *words]), data, limit := step_limit()
            )
        checked(f"{self.name}: {path} cannot be written", ran, seconds=0, limit=limit, check=True)

    def read(self, path: str) -> str:
        """Return a file's text; raise `FileNotFoundError` if it does not exist."""
        quoted = shlex.quote(path)
        ran = self.run(f"[ -e {quoted} ] || exit {_NO_FILE}; cat -- {quoted}", check=False)
        if ran.code == _NO_FILE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return checked(f"{self.name}: {path} cannot be read", ran, seconds=0, limit=host_limit(), check=True).out

    def _exchange(self, line: str, given: bytes, limit: float) -> Ran:
        """Run a command line with `given` as its input, and return its result."""
        try:
            with self._channel("session") as channel:
                channel.settimeout(settings().ssh_limit)
                with _answered(channel):
                    channel.exec_command(line)
                return _Conversation(channel, time.monotonic() + limit + settings().ssh_limit).hold(given)
        except (paramiko.SSHException, EOFError, OSError) as error:
            why = str(error) or type(error).__name__
            raise HostLost(f"{self.name}: the SSH connection failed: {why} - check the host, then try again") from error

    def _channel(
        self, kind: str, *, to: tuple[str, int] | None = None, of: tuple[str, int] | None = None
    ) -> paramiko.Channel:
        """Open a channel; reconnect if the connection turns out to be dead."""
        transport = self._transport()
        try:
            return transport.open_channel(kind, to, of, timeout=settings().ssh_limit)
        except paramiko.ChannelException:  # the host answers, and refuses
            raise
        except (paramiko.SSHException, EOFError, OSError):
            if self._again is None:
                raise
            transport.close()
            return self._transport().open_channel(kind, to, of, timeout=settings().ssh_limit)

    def _transport(self) -> paramiko.Transport:
        with self._connecting:
            transport = self._client.get_transport() if self._client else None
            if self._again and not (transport and transport.is_active()):
                self.close()
                self._client = self._again()
                transport = self._client.get_transport()
        if transport is None:
            raise paramiko.SSHException("not connected")
        return transport


@contextmanager
def _answered(channel: paramiko.Channel) -> Iterator[None]:
    """Close a channel whose request is not answered in time: paramiko would wait forever."""
    late = threading.Timer(settings().ssh_limit, channel.close)
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


class _Conversation:
    """One command over one channel: sends its input, and gathers its output until it ends."""

    def __init__(self, channel: paramiko.Channel, deadline: float) -> None:
        self._channel, self._deadline = channel, deadline
        self._out, self._err = bytearray(), bytearray()

    def hold(self, given: bytes) -> Ran:
        """Return the command's result; raise `TimeoutError` or `EOFError` if it is unknown."""
        try:
            self._channel.sendall(given)
            self._channel.shutdown_write()
        except OSError:
            if not self._channel.exit_status_ready():  # a command may end without having read all its input
                raise
        while not self._channel.exit_status_ready():
            if time.monotonic() > self._deadline:
                raise TimeoutError("no answer")
            self._gather()
        ended = time.monotonic()
        while self._gather() and time.monotonic() < ended + _TRAIL:
            pass
        if (code := self._channel.recv_exit_status()) < 0:
            raise EOFError("closed before the command had ended")
        return Ran(code, self._out.decode(errors="replace"), self._err.decode(errors="replace"))

    def _gather(self) -> bool:
        """Wait briefly for output, and take it; return whether there was any."""
        channel = self._channel
        before = len(self._out) + len(self._err)
        if channel.eof_received and not channel.recv_ready() and not channel.recv_stderr_ready():
            channel.status_event.wait(_TRAIL)
        else:
            select.select([channel], [], [], _TRAIL)
        while channel.recv_ready():
            self._out += channel.recv(_CHUNK)
        while channel.recv_stderr_ready():
            self._err += channel.recv_stderr(_CHUNK)
        return len(self._out) + len(self._err) > before
