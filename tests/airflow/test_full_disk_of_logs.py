"""A full disk under a stage's log is recorded as the possible cause of the stage's end."""

import os
import subprocess
import sys
from pathlib import Path

from small_disk import SmallDisk

_SEES = """
import time
from test_stop_reasons import made
from rallycross.results.stop_note import POSSIBLE_CAUSE, noted_reason
made().watch_worker()
while not noted_reason(0, POSSIBLE_CAUSE):
    time.sleep(0.05)
print(noted_reason(0, POSSIBLE_CAUSE))
"""


def test_a_full_disk_under_the_logs_is_what_is_named(tmp_path: Path) -> None:
    """A worker that cannot write its log dies without a message, and the full disk is named as the cause."""
    with SmallDisk(tmp_path / "airflow", size="2m") as disk:
        disk.fill()
        seen = subprocess.run(
            disk.command([sys.executable, "-c", _SEES]),
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "AIRFLOW_HOME": str(disk.folder),
                "RALLYCROSS_HOME": str(tmp_path / "home"),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    words = f"the disk of Airflow's home was full: {disk.folder}: 0 bytes were free - make room on its disk"
    assert seen.stdout.splitlines()[-1:] == [f"worker lost: {words}"], seen.stderr
