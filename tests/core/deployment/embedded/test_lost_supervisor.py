"""A cloud whose supervisor was killed is taken up again by its next deployment."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from test_embedded_plan import layout

from rallycross.deployment.embedded.parts import supervisor


def test_services_that_have_lost_their_supervisor_end_before_another_starts(tmp_path: Path) -> None:
    """They would hold the ports of those that it starts; nothing else of this machine is ended."""
    cloud = replace(layout(), root=str(tmp_path))
    mark = {"XDG_CACHE_HOME": f"{tmp_path}/home/.cache"}
    code = "import time; print(1, flush=True); time.sleep(120)"
    orphan, other = (
        subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **more}, stdout=subprocess.PIPE)
        for more in (mark, {})
    )
    for process in (orphan, other):
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
    for folder in ("bin", "log", "venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cloud.json").write_text(json.dumps({"ports": cloud.ports, "secrets": cloud.secrets}))
    (tmp_path / "bin" / "ctl.py").write_text("import os, sys; sys.exit(not os.path.exists('started'))")
    program = tmp_path / "venv" / "bin" / "supervisord"
    state = f"$(ps -o stat= -p {orphan.pid} | cut -c1)"
    program.write_text(f'#!/bin/bash\necho "orphan:{state}" >started\n')
    program.chmod(0o755)
    try:
        done = subprocess.run(["bash", "-ec", supervisor(cloud)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / "started").read_text().strip() in {"orphan:", "orphan:Z"}
        assert other.poll() is None
    finally:
        for process in (orphan, other):
            process.kill()
            process.communicate()
