"""Runs a command, and writes to a file what it took: `python run_alone.py FILE COMMAND ...`.

A process's peak of memory counts from that of the process which starts it, so this one is small.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

began = time.monotonic()
code = subprocess.run(sys.argv[2:], check=False).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the command, and of all that it has waited for
figures = {
    "seconds": time.monotonic() - began,
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "peak_mb": used.ru_maxrss * 1024 / 1e6,  # of the largest process
}
Path(sys.argv[1]).write_text(json.dumps(figures))
sys.exit(code)
