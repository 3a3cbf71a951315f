"""What is linted is the project, and nothing that it has made."""

import shutil
import subprocess
import sys
from pathlib import Path

from rallycross.settings import CHECKOUT


def test_the_state_is_not_linted_where_there_is_no_git(tmp_path: Path) -> None:
    """In a checkout that is no repository, as an archive of one is, environments and clouds are left out as well."""
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    for name in ("ours.py", ".rallycross/venv-core/lib.py", ".venv/lib.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("X = 1\n")
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [Path(line).name for line in done.stdout.splitlines() if line.endswith(".py")] == ["ours.py"]
