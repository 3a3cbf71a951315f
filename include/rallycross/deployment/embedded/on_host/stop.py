"""End all processes of a cloud: through its supervisor, then whatever is left that runs from its folder.

Usage: python3 - ROOT
"""

import json
import os
import signal
import sys
import time
import xmlrpc.client
from pathlib import Path

GRACE_S = 30


def main() -> None:
    """Return when no process is left."""
    root = Path(sys.argv[1])
    kept = root / "cloud.json"
    if kept.exists():
        cloud = json.loads(kept.read_text())
        address = f"http://rallycross:{cloud['secrets']['supervisor']}@127.0.0.1:{cloud['ports']['supervisor']}/RPC2"
        control = xmlrpc.client.ServerProxy(address).supervisor
        try:
            # Left to itself it would end one after another.
            for service in control.getAllProcessInfo():
                if service["statename"] not in {"STOPPED", "EXITED", "FATAL"}:
                    control.stopProcess(service["name"], False)
            control.shutdown()
        except (OSError, xmlrpc.client.Error):
            pass  # it is not there; what it has left behind is ended below
        else:
            wait(root, GRACE_S)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in running(root):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        wait(root, 5)


def running(root: Path) -> list[int]:
    """Return the processes that were started by this cloud's supervisor, or are it: their home is in the folder."""
    mark = f"XDG_CACHE_HOME={root}/home/.cache".encode()
    supervisor = f"{root}/venv/bin/supervisord".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            mine = mark in (folder / "environ").read_bytes().split(b"\0")
            mine = mine or supervisor in (folder / "cmdline").read_bytes().split(b"\0")
            dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if mine and not dead:
            found.append(int(folder.name))
    return found


def wait(root: Path, limit: float) -> None:
    """Wait up to `limit` seconds until none is left."""
    deadline = time.monotonic() + limit
    while running(root) and time.monotonic() < deadline:
        time.sleep(0.1)


main()
