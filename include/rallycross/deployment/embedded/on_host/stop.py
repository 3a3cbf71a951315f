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
from typing import Any

from control import running, supervisor

GRACE_S = 30


def main() -> None:
    """Return when no process is left."""
    root = Path(sys.argv[1])
    kept = root / "cloud.json"
    if kept.exists():
        cloud = json.loads(kept.read_text())
        control = supervisor(str(root), cloud["secrets"]["supervisor"]).supervisor
        try:
            # Left to itself it would end one after another.
            rows: Any = control.getAllProcessInfo()
            for service in rows:
                if service["statename"] not in {"STOPPED", "EXITED", "FATAL"}:
                    control.stopProcess(service["name"], False)
            control.shutdown()
        except (OSError, xmlrpc.client.Error):
            pass  # it is not there; what it has left behind is ended below
        else:
            wait(root, GRACE_S)
    end(root)


def end(root: Path) -> None:
    """End what runs from the folder, but this process."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in running(root):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        wait(root, 5)


def wait(root: Path, limit: float) -> None:
    """Wait up to `limit` seconds until none is left."""
    deadline = time.monotonic() + limit
    while running(root) and time.monotonic() < deadline:
        time.sleep(0.1)


if __name__ == "__main__":
    main()
