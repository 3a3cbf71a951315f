"""uv, by which environments are made: where it is, and what it is told of the packages' index."""

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
    """Return the variables to start uv with, and the mirror that pip is told of, where uv is not.

    They are few: what is installed may run what it likes, and this process may have secrets in its own.
    """
    found = passed(*BASIC, *NETWORK, *INSTALLER)
    if not found.get("UV_DEFAULT_INDEX") and not found.get("UV_INDEX_URL") and (mirror := _mirror()):
        found["UV_DEFAULT_INDEX"] = mirror
    return found


def _mirror() -> str:
    """Return the package index that pip's variables or configuration name, which uv reads neither of."""
    if given := os.environ.get("PIP_INDEX_URL"):
        return given
    # `pip config get` would read one of pip's files alone.
    pip = [sys.executable, "-m", "pip", "config", "list"]
    limit = settings().patience
    try:
        said = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=limit).stdout
    except subprocess.TimeoutExpired as error:
        raise RallycrossError(
            f"`pip config list` has not ended within {limit:g} s (RALLYCROSS_PATIENCE) - see why, or name the package"
            " index by UV_DEFAULT_INDEX"
        ) from error
    found = re.search(r"^global\.index-url='(.*)'$", said, re.MULTILINE)
    return found[1] if found else ""
