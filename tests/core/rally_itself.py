"""Rally itself, in an environment of its own below the state folder: installed once, for tests and benchmarks."""

from pathlib import Path

from own_environment import NoIndex, environment

__all__ = ["VERSION", "NoIndex", "rally_openstack_program", "rally_program"]

VERSION = "5.1.1"
OPENSTACK_VERSION = "4.1.0"  # of rally-openstack: Rally's scenarios and contexts of OpenStack

_RALLY = [f"rally=={VERSION}", "setuptools<80"]  # Rally still imports what newer setuptools have dropped


def rally_program() -> Path:
    """Return Rally's program; raise `NoIndex` where it cannot be had."""
    return environment(f"rally-{VERSION}", _RALLY) / "bin" / "rally"


def rally_openstack_program() -> Path:
    """Return the program of a Rally that also knows OpenStack; raise `NoIndex` where it cannot be had."""
    words = [*_RALLY, f"rally-openstack=={OPENSTACK_VERSION}"]
    return environment(f"rally-openstack-{OPENSTACK_VERSION}", words) / "bin" / "rally"
