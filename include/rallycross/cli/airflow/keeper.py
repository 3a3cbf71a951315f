"""Takes the place of Airflow's supervisor when that dies: `python -m rallycross.cli.airflow.keeper`.

The supervisor keeps this program running, and this program the supervisor, so that neither is one that nobody restarts.
Components that have lost their supervisor write their logs into a broken pipe: they are ended, and started anew.
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
ROOM = 1_000_000  # bytes of disk without which no supervisor can start
_LOOK = 0.5  # seconds between two looks
_WAIT = 5.0  # seconds between two looks whether there is room


def main() -> None:
    """Watch the process above; be it, once it is gone. A supervisor that ends by itself ends this program before."""
    home = os.environ[MARK]
    above = os.getppid()
    groups: set[int] = set()  # of what it has started: the leader of each is a program of its
    while os.getppid() == above:
        with suppress(psutil.Error):
            groups |= {child.pid for child in psutil.Process(above).children()}
        time.sleep(_LOOK)
    with (Path(home) / "log" / "supervisor.out").open("ab") as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    _log(f"the supervisor, process {above}, has died: starting another")
    _say_why(f"Airflow's supervisor, process {above}, has died, and what it had started is started anew")
    # What belongs to no component, such as a verification that runs by itself, goes on.
    end(lambda: [process for process in marked(MARK, home) if process.group in groups], grace=settings().end_grace)
    while (free := shutil.disk_usage(home).free) < ROOM:  # none could start; it comes back once there is room
        _log(f"{home}: {free} bytes are free on its disk, and {ROOM} are needed - make room on its disk")
        time.sleep(_WAIT)
    own = {name: value for name, value in os.environ.items() if not name.startswith("SUPERVISOR_")}
    program = command(Path(home) / CONFIGURATION)
    os.chdir(home)
    os.execve(program[0], program, own)  # noqa: S606 - no shell is the point


def _log(text: str) -> None:
    with suppress(OSError):  # a full disk
        print(text, flush=True)  # noqa: T201 - the supervisor's log


def _say_why(what: str) -> None:
    """Say why loads end with their worker; what is wrong with the results database is for others to tell."""
    with suppress(Exception):
        from rallycross.cli.stopping import say_why  # noqa: PLC0415 - slow to import, and needed here only
        from rallycross.results.endings import SCHEDULER_LOST, because  # noqa: PLC0415

        say_why(because(SCHEDULER_LOST, what))


if __name__ == "__main__":
    main()
