"""Rally itself, in an environment of its own below the state folder: installed once, for tests and benchmarks."""

from pathlib import Path

from own_environment import NoIndex, environment

__all__ = ["VERSION", "NoIndex", "rally_program"]

VERSION = "5.1.1"


def rally_program() -> Path:
    """Return Rally's program; raise `NoIndex` where it cannot be had."""
    # Rally still imports what newer setuptools have dropped.
    return environment(f"rally-{VERSION}", [f"rally=={VERSION}", "setuptools<80"]) / "bin" / "rally"
