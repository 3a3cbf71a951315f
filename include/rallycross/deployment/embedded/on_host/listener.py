"""Whose a port of this host is: whoever else listens on ours while we do not would be told our passwords.

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
_V6 = "0000000000000000FFFF0000"  # before an address of IPv4 that a socket of IPv6 listens at
_EVERYWHERE = ("00000000", "0" * 32)
ENDING = 10.0  # seconds for which a socket may be no process's: a busy machine takes its time to end one
_LOOK = 0.05


@dataclass(frozen=True)
class Listener:
    """Who listens: a user, and the socket that they listen with."""

    user: int
    inode: str


def listener(port: int, address: str = "127.0.0.1", *, net: Path = Path("/proc/net")) -> Listener | None:
    """Return who listens where a connection to this port of an address of this host would come to."""
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
    """Return who listens on this port, in words, where none of the processes `ours` does; "" = they do, or nobody.

    A process that was killed lets go of its memory, by which it is known, before its sockets, and of those while none
    is seen to have them any more: `ending` seconds are given to it.
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
            return "a process that is none of its own"
        time.sleep(_LOOK)
    return ""


def _has(pid: int, found: Listener) -> bool:
    """Tell whether a process has this socket open."""
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if str(link.readlink()) == f"socket:[{found.inode}]":
                    return True
    except OSError:  # it has ended, or is not ours to read
        return False
    return False


def _all_processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _command(pid: int) -> str:
    """Return what a process runs; "" = it is ending."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).strip().decode(errors="replace")[:60]
