#!/usr/bin/env python3
"""Plays a deployer's commands on a test host, by a table: the first row whose pattern fits the arguments holds.

/opt/played/NAME.json has the rows of the command NAME, each `[pattern, bash script]`. The groups of the pattern are
variables of the script, which ends as the command would.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

name, line = Path(sys.argv[0]).name, " ".join(sys.argv[1:])
for pattern, script in json.loads(Path(f"/opt/played/{name}.json").read_text()):
    if fits := re.fullmatch(pattern, line):
        given = {key: value or "" for key, value in fits.groupdict().items()}
        command = ["bash", "-eu", "-o", "pipefail", "-c", script]
        sys.exit(subprocess.run(command, env=os.environ | given, check=False).returncode)
sys.stderr.write(f"{name}: error: unrecognized arguments: {line}\n")
sys.exit(2)
