"""Starts Airflow's scheduler in the place of this process, after ending what a killed scheduler has left.

A scheduler that dies leaves its workers behind, and they go on with the load of a task that the next scheduler
runs again. So the next scheduler begins by ending them; the samples they have measured are in their files.
"""

import os
import sys
from pathlib import Path

from rallycross.cli.airflow_settings import MARK
from rallycross.cli.processes import end, marked


def main() -> None:
    """Run as `python -m rallycross.cli.component`, by the supervisor, in the components' environment."""
    home = os.environ[MARK]
    last = Path(home) / "scheduler.pid"
    if last.exists():
        group = int(last.read_text())
        end(lambda: [process for process in marked(MARK, home) if process.group == group], grace=3)
    # The supervisor has made this process the leader of a group of its own; exec keeps its number.
    last.write_text(str(os.getpid()))
    airflow = Path(sys.executable).with_name("airflow")
    os.execv(airflow, [str(airflow), "scheduler", "--skip-serve-logs"])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
