"""How a supervisor is spoken to, and which processes are its cloud's. Standard library only.

Its socket is in a folder that the owner alone can enter: on a port somebody else could listen while it is down, and
would be told its password.
"""

import http.client
import os
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

SOCKET = "supervisor.sock"
LIMIT_S = 30.0  # seconds that a supervisor may be silent
USER = "rallycross"
LONGEST = 107 - len(".4194304")  # bytes of a socket's path; it is made under a name that ends in a process's number


def address(folder: str) -> str:
    """Return where a supervisor has its socket; where that path is too long for one, by its working directory."""
    path = f"{folder}/{SOCKET}"
    return path if len(path.encode()) <= LONGEST else f"/proc/self/cwd/{SOCKET}"


def supervisor(folder: str, password: str) -> xmlrpc.client.ServerProxy:
    """Return the supervisor of a folder; a call raises `OSError` where none answers."""
    return xmlrpc.client.ServerProxy(f"http://{USER}:{password}@localhost/RPC2", transport=_Transport(folder))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        name, self._extra_headers, _ = self.get_host_info(host)
        return _Connection(name, self._folder)


class _Connection(http.client.HTTPConnection):
    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name, timeout=LIMIT_S)
        self._folder = folder

    def connect(self) -> None:
        # By the folder's descriptor: the whole path may be longer than a socket's may be.
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        except OSError:
            self.close()
            raise
        finally:
            os.close(folder)


def running(root: Path) -> list[int]:
    """Return the processes that were started by this cloud's supervisor, or are it: their home is in the folder."""
    mark = f"XDG_CACHE_HOME={root}/home/.cache".encode()
    program = f"{root}/venv/bin/supervisord".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            mine = mark in (folder / "environ").read_bytes().split(b"\0")
            mine = mine or program in (folder / "cmdline").read_bytes().split(b"\0")
            dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if mine and not dead:
            found.append(int(folder.name))
    return found
