"""Starts Airflow's scheduler in the place of this process, after ending what a killed scheduler has left.

A scheduler that dies leaves its workers behind, and they go on with the load of a task that the next scheduler
runs again. So the next scheduler begins by ending them; the samples they have measured are in their files.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from rallycross.cli.airflow.processes import Process, end, marked
from rallycross.cli.airflow.settings import MARK
from rallycross.owner_only import write_owner_only
from rallycross.settings import settings

_TITLES = ("airflow scheduler", "airflow worker")


def main() -> None:
    """Run as `python -m rallycross.cli.airflow.component`, by the supervisor, in the components' environment."""
    home = os.environ[MARK]
    last = Path(home) / "scheduler.pid"
    written = last.read_text(errors="replace").strip() if last.exists() else ""
    group = int(written) if written.isdecimal() else None
    end(lambda: [process for process in marked(MARK, home) if _is_left(process, group)], grace=settings().end_grace)
    # The supervisor has made this process the leader of a group of its own; exec keeps its number.
    with suppress(OSError):  # a full disk: the next goes by what the processes call themselves
        write_owner_only(last, str(os.getpid()))
    airflow = Path(sys.executable).with_name("airflow")
    os.execv(airflow, [str(airflow), "scheduler", "--skip-serve-logs"])  # noqa: S606 - no shell is the point


def _is_left(process: Process, group: int | None) -> bool:
    """Tell whether a process is of the scheduler before; where nobody knows its group, by what it calls itself."""
    if group is not None:
        return process.group == group
    return process.group != os.getpid() and any(name in process.command for name in _TITLES)


if __name__ == "__main__":
    main()
