"""Tempest as a verifier: how it is asked for its tests, and how it is started."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from rallycross.errors import RallycrossError
from rallycross.verification import worker
from rallycross.verification.configuration import TEST_SECONDS
from rallycross.verification.stream import listed
from rallycross.verification.testid import TestId

LIST_LIMIT = 300  # seconds; it takes two
# Of this process's environment a verifier sees what it needs to run at all, and nothing that points it elsewhere.
PASSED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# Not -I: it would ignore PYTHON* variables as well. -P keeps this folder's modules from hiding those of the library.
WORKER = (sys.executable, "-P", worker.__file__)
LIST = (sys.executable, "-P", "-m", "stestr.subunit_runner.run", "--list", "tempest.test_discover.test_discover")


def environment(folder: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which tempest runs in `folder`, and finds its configuration there."""
    inherited = os.environ if inherited is None else inherited
    return {
        **{name: inherited[name] for name in (*PASSED_ON, *PROXIES) if name in inherited},
        "HOME": str(folder),
        "TEMPEST_CONFIG_DIR": str(folder),
        "TEMPEST_CONFIG": "tempest.conf",
        "OS_TEST_TIMEOUT": str(TEST_SECONDS),
        "PYTHONUNBUFFERED": "1",
    }


def tests(folder: Path) -> list[TestId]:
    """Return all tests that tempest and its plugins have, in the order in which it lists them."""
    try:
        ran = subprocess.run(
            LIST, env=environment(folder), cwd=folder, capture_output=True, timeout=LIST_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RallycrossError(f"tempest: cannot list its tests ({error}) - check {LIST[0]}") from error
    found, said = listed(ran.stdout)
    if ran.returncode or not found:
        last = "\n".join((said + ran.stderr.decode(errors="replace")).strip().splitlines()[-20:])
        raise RallycrossError(f"tempest: cannot list its tests (code {ran.returncode}) - is it installed?\n{last}")
    return found


def tempest_version() -> str:
    """Return the version that is installed."""
    return version("tempest")
