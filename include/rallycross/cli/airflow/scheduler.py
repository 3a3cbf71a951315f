"""Replaces this process by Airflow's scheduler, after ending the workers of a killed scheduler.

A killed scheduler leaves its workers behind, and they continue the load of a task that the next scheduler runs again.
So the next scheduler ends them first. Their samples are kept: they are in files.
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
    """Run as `python -m rallycross.cli.airflow.scheduler`; the supervisor starts it in the components' environment."""
    home = os.environ[MARK]
    last = Path(home) / "scheduler.pid"
    written = last.read_text(errors="replace").strip() if last.exists() else ""
    group = int(written) if written.isdecimal() else None
    end(lambda: [process for process in marked(MARK, home) if _is_left(process, group)], grace=settings().end_grace)
    # This process leads its own process group, and exec keeps its pid.
    with suppress(OSError):  # a full disk: the next scheduler recognizes the processes by their titles
        write_owner_only(last, str(os.getpid()))
    airflow = Path(sys.executable).with_name("airflow")
    os.execv(airflow, [str(airflow), "scheduler", "--skip-serve-logs"])  # noqa: S606 - no shell is the point


def _is_left(process: Process, group: int | None) -> bool:
    """Return whether a process belongs to the previous scheduler: by its group if that is known, else by its title."""
    if group is not None:
        return process.group == group
    return process.group != os.getpid() and any(name in process.command for name in _TITLES)


if __name__ == "__main__":
    main()
