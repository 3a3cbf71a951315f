"""Only the project is linted, and not the files that it makes."""

import shutil
import subprocess
import sys
from pathlib import Path

from rallycross.settings import CHECKOUT


def test_the_state_is_not_linted_where_there_is_no_git(tmp_path: Path) -> None:
    """Environments and clouds are not linted, also in an archive without git."""
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    for name in ("ours.py", ".rallycross/venv-core/lib.py", ".venv/lib.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("X = 1\n")
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [Path(line).name for line in done.stdout.splitlines() if line.endswith(".py")] == ["ours.py"]
