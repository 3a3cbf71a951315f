"""Stop all processes of a cloud: through its supervisor, then the remaining ones that run from its folder.

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
            # By itself, the supervisor would stop them one after another.
            rows: Any = control.getAllProcessInfo()
            for service in rows:
                if service["statename"] not in {"STOPPED", "EXITED", "FATAL"}:
                    control.stopProcess(service["name"], False)
            control.shutdown()
        except (OSError, xmlrpc.client.Error):
            pass  # it does not run; the processes that it left are ended below
        else:
            wait(root, GRACE_S)
    end(root)


def end(root: Path) -> None:
    """End all processes that run from the folder, except this one."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in running(root):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        wait(root, 5)


def wait(root: Path, limit: float) -> None:
    """Wait up to `limit` seconds until no process is left."""
    deadline = time.monotonic() + limit
    while running(root) and time.monotonic() < deadline:
        time.sleep(0.1)


if __name__ == "__main__":
    main()
