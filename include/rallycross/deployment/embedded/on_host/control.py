"""Connects to a supervisor, and finds the processes of its cloud. Standard library only.

The supervisor listens on a socket in a folder that only the owner can enter. On a port, another user could listen
while the supervisor is down, and would receive its password.
"""

import http.client
import os
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

SOCKET = "supervisor.sock"
LIMIT_S = 30.0  # seconds to wait for a supervisor's answer
USER = "rallycross"
LONGEST = 107 - len(".4194304")  # bytes of a socket's path; supervisord creates it under a name that ends in a pid


def address(folder: str) -> str:
    """Return the path of a supervisor's socket, relative to its working directory if it is too long for a socket."""
    path = f"{folder}/{SOCKET}"
    return path if len(path.encode()) <= LONGEST else f"/proc/self/cwd/{SOCKET}"


def supervisor(folder: str, password: str) -> xmlrpc.client.ServerProxy:
    """Return the supervisor of a folder; calls raise `OSError` if it does not answer."""
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
        # By the folder's descriptor: the absolute path may be too long for a socket.
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
    """Return the pids of this cloud's supervisor and of the processes that it started: their home is in the folder."""
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
