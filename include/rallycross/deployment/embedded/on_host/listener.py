"""Finds out which process listens on a port of this host: a foreign one would receive our passwords.

Standard library only.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LISTENS = "0A"
_V6 = "0000000000000000FFFF0000"  # prefix of an IPv4 address at which an IPv6 socket listens
_EVERYWHERE = ("00000000", "0" * 32)
ENDING = 10.0  # seconds that a socket may exist without a process: a busy machine needs time to end one
_LOOK = 0.05


@dataclass(frozen=True)
class Listener:
    """A listening socket: its user and inode."""

    user: int
    inode: str


def listener(port: int, address: str = "127.0.0.1", *, net: Path = Path("/proc/net")) -> Listener | None:
    """Return the socket that would accept a connection to this port of an address of this host, or None."""
    number_of_it = socket.inet_aton(socket.gethostbyname(address))[::-1].hex().upper()  # as /proc/net writes it
    reached = (number_of_it, _V6 + number_of_it, *_EVERYWHERE)
    for table in ("tcp", "tcp6"):
        file = net / table
        for line in file.read_text().splitlines()[1:] if file.exists() else ():
            fields = line.split()
            where, _, number = fields[1].partition(":")
            if fields[3] == _LISTENS and int(number, 16) == port and where in reached:
                return Listener(int(fields[7]), fields[9])
    return None


def stranger(
    port: int, ours: Callable[[], Iterable[int]], address: str = "127.0.0.1", *, ending: float = ENDING
) -> str:
    """Return in words who listens on this port; "" if nobody does, or one of the processes `ours`.

    A killed process loses its memory, by which we know it, before its sockets, and for a moment no process seems to
    have them. So such a socket is ignored for `ending` seconds.
    """
    deadline = time.monotonic() + ending
    while found := listener(port, address):
        if found.user != os.getuid():
            return "another user"
        if any(_has(pid, found) for pid in ours()):
            return ""
        other = next((pid for pid in _all_processes() if _has(pid, found)), None)
        command = _command(other) if other else ""
        if command and listener(port, address) == found:
            return f"process {other} ({command})"
        if time.monotonic() > deadline:
            return "an unknown process"
        time.sleep(_LOOK)
    return ""


def _has(pid: int, found: Listener) -> bool:
    """Return whether a process has this socket open."""
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if str(link.readlink()) == f"socket:[{found.inode}]":
                    return True
    except OSError:  # it has ended, or belongs to another user
        return False
    return False


def _all_processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _command(pid: int) -> str:
    """Return the command line of a process; "" if it is ending."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).strip().decode(errors="replace")[:60]
