"""uv, which creates Python environments: where it is, and which package index it uses."""

import os
import re
import subprocess
import sys
from pathlib import Path

from rallycross.child_environment import BASIC, INSTALLER, NETWORK, passed
from rallycross.errors import RallycrossError
from rallycross.settings import settings

PROGRAM = str(Path(sys.executable).with_name("uv"))


def environment() -> dict[str, str]:
    """Return the environment variables for uv; the package index is that of pip, unless one is set for uv.

    Only few variables are passed on: packages may run code when installed, and this process may have secrets.
    """
    found = passed(*BASIC, *NETWORK, *INSTALLER)
    if not found.get("UV_DEFAULT_INDEX") and not found.get("UV_INDEX_URL") and (mirror := _mirror()):
        found["UV_DEFAULT_INDEX"] = mirror
    return found


def _mirror() -> str:
    """Return the package index from pip's variables or configuration, which uv does not read."""
    if given := os.environ.get("PIP_INDEX_URL"):
        return given
    # `pip config get` would read only one of pip's files.
    pip = [sys.executable, "-m", "pip", "config", "list"]
    limit = settings().patience
    try:
        said = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=limit).stdout
    except subprocess.TimeoutExpired as error:
        raise RallycrossError(
            f"`pip config list` has not ended within {limit:g} s (RALLYCROSS_PATIENCE) - find out why, or set the"
            " package index in UV_DEFAULT_INDEX"
        ) from error
    found = re.search(r"^global\.index-url='(.*)'$", said, re.MULTILINE)
    return found[1] if found else ""
