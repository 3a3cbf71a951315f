"""Restarts a cloud's supervisor if it dies; the supervisor in turn restarts this program.

Usage: keeper.py ROOT PATIENCE_S LIMIT_S PROGRAM[=ENDPOINT] ... -- PROGRAM[=ENDPOINT] ...
The programs before the -- are up before the others are started. Standard library only.

Programs that have lost their supervisor log into a broken pipe, and hold the ports that a new supervisor's programs
need. So they are ended first.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from stop import end

ROOM = 1_000_000  # bytes of free disk that a supervisor needs to start
_LOOK_S = 0.5  # seconds between two checks of the supervisor
_WAIT_S = 5.0  # seconds between two checks of the disk


def main() -> None:
    """Watch the parent process; once it is gone, start another supervisor and all its programs, this one too."""
    root, *how_long = Path(sys.argv[1]), *sys.argv[2:4]
    split = sys.argv.index("--")
    first, rest = sys.argv[4:split], sys.argv[split + 1 :]
    above = os.getppid()
    while os.getppid() == above:
        time.sleep(_LOOK_S)
    os.chdir(root)
    with (root / "log" / "supervisor.out").open("ab") as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    log(f"the supervisor, process {above}, has died: starting another")
    end(root)
    while shutil.disk_usage(root).free < ROOM:  # a supervisor could not start yet
        log(f"{root}: less than {ROOM} bytes are free on its disk - make room")
        time.sleep(_WAIT_S)
    (root / "supervisor.pid").unlink(missing_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith("SUPERVISOR_")}
    limit = float(how_long[1])
    subprocess.run(
        [root / "venv/bin/supervisord", "--configuration", root / "etc/supervisord.conf"],
        env=own,
        check=True,
        timeout=limit,
    )
    for programs in (first, first + rest):
        ctl = [sys.executable, root / "bin/ctl.py", root, *how_long, *programs]
        subprocess.run(ctl, env=own, check=True, timeout=2 * limit)


def log(text: str) -> None:
    """Write a line to the supervisor's log."""
    with suppress(OSError):  # a full disk
        print(text, flush=True)


if __name__ == "__main__":
    main()
