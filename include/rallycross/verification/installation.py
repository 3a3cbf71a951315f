"""Installs a verifier from its source."""

import sys
import threading
from importlib.metadata import version
from pathlib import Path

from rallycross.verification.environments import Environment, Say, environment
from rallycross.verification.project import Project
from rallycross.verification.source import TEMPEST, Source
from rallycross.verification.tempest import Tempest
from rallycross.verification.verifier import Verifier


def install(source: Source, root: Path, say: Say, *, stop: threading.Event) -> Verifier:
    """Return the verifier, creating its environment below `root` if needed.

    Raises `RallycrossError` if its packages cannot be installed, and `VerificationStopped` when `stop` is set; an
    incomplete environment is deleted.
    """
    if source.bundled:
        return Tempest(Environment.own())
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    made = environment(root / source.key(python=python), source.requirements(version("tempest")), say, stop=stop)
    return Tempest(made) if source.kind == TEMPEST else Project(source, made)
