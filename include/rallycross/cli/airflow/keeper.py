"""Replaces Airflow's supervisor if that dies: `python -m rallycross.cli.airflow.keeper`.

The supervisor restarts this program, and this program restarts the supervisor. Components that have lost their
supervisor write their logs to a broken pipe, so they are ended and started again.
"""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil

from rallycross.cli.airflow.processes import end, marked
from rallycross.cli.airflow.settings import MARK
from rallycross.cli.airflow.supervisor import CONFIGURATION, command
from rallycross.settings import settings

NAME = "keeper"
ROOM = 1_000_000  # bytes of disk that a supervisor needs to start
_LOOK = 0.5  # seconds between two checks of the supervisor
_WAIT = 5.0  # seconds between two checks of the disk


def main() -> None:
    """Watch the parent, the supervisor; if it dies, become the new one. A regular stop ends this program first."""
    home = os.environ[MARK]
    parent = os.getppid()
    groups: set[int] = set()  # process groups of the components, each led by a child of the supervisor
    while os.getppid() == parent:
        with suppress(psutil.Error):
            groups |= {child.pid for child in psutil.Process(parent).children()}
        time.sleep(_LOOK)
    with (Path(home) / "log" / "supervisor.out").open("ab") as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    _log(f"the supervisor, process {parent}, has died: starting another")
    _record_stop_reason(f"Airflow's supervisor, process {parent}, has died, and its components are started again")
    # Other processes, such as a detached verification, continue.
    end(lambda: [process for process in marked(MARK, home) if process.group in groups], grace=settings().end_grace)
    while (free := shutil.disk_usage(home).free) < ROOM:  # no supervisor could start before there is room
        _log(f"{home}: {free} bytes are free on its disk, and {ROOM} are needed - free some space")
        time.sleep(_WAIT)
    own = {name: value for name, value in os.environ.items() if not name.startswith("SUPERVISOR_")}
    program = command(Path(home) / CONFIGURATION)
    os.chdir(home)
    os.execve(program[0], program, own)  # noqa: S606 - no shell is the point


def _log(text: str) -> None:
    with suppress(OSError):  # a full disk
        print(text, flush=True)  # noqa: T201 - the supervisor's log


def _record_stop_reason(what: str) -> None:
    """Record why running loads are stopped; an error of the results database is reported elsewhere."""
    with suppress(Exception):
        from rallycross.cli.stop_reason import record_stop_reason  # noqa: PLC0415 - slow to import, and needed here only
        from rallycross.results.endings import SCHEDULER_LOST, because  # noqa: PLC0415

        record_stop_reason(because(SCHEDULER_LOST, what))


if __name__ == "__main__":
    main()
