"""The interface between a verification and its verifier."""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rallycross.errors import RallycrossError
from rallycross.settings import settings
from rallycross.verification import worker
from rallycross.verification.accounts import Accounts
from rallycross.verification.command import run_command
from rallycross.verification.facts import Admin, Facts
from rallycross.verification.stream import listed
from rallycross.verification.testid import TestId

# The environment variables that a verifier inherits: what it needs to run, and nothing that names another cloud.
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


@dataclass(frozen=True)
class ConfigurationInputs:
    """The inputs for the configuration of a verifier."""

    facts: Facts
    admin: Admin | None  # created for this run; None if credentials were given
    member: Admin | None  # an ordinary user of the same project
    workspace: Path
    prefix: str  # of the names of all resources that the tests create
    options: Mapping[str, str]  # the user's, which take precedence
    accounts: Accounts | None = None  # to use instead of accounts created for each test class


@dataclass(frozen=True)
class WrittenConfiguration:
    """The written configuration of a verifier."""

    environment: Mapping[str, str]  # of the processes that run tests
    shown: Mapping[str, Mapping[str, str]]  # option -> value and reason, without secrets


class Verifier(Protocol):
    """Lists tests, and is configured for a cloud. Its Python runs the tests by worker.py."""

    @property
    def title(self) -> str:
        """Its name and version."""

    @property
    def python(self) -> str:
        """The interpreter of its environment."""

    @property
    def sets(self) -> Mapping[str, str]:
        """Its named test sets, with descriptions."""

    @property
    def listing(self) -> Sequence[str]:
        """The arguments with which stestr's runner lists its tests."""

    @property
    def needs_member(self) -> bool:
        """Whether it needs an ordinary user in addition to the administrator."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables of its processes in `folder`."""

    def before_listing(self, folder: Path) -> None:
        """Write the files that its modules need to be imported, before the cloud is known."""

    def check(self, options: Mapping[str, str], folder: Path, *, stop: threading.Event) -> None:
        """Raise if an option is unknown, or its value is refused, before the cloud is known."""

    def members(self, name: str, available: Sequence[TestId]) -> list[TestId]:
        """Return the tests of one of its sets."""

    def configure(self, inputs: ConfigurationInputs) -> WrittenConfiguration:
        """Write its configuration into the workspace, in owner-only files."""


def available_tests(verifier: Verifier, folder: Path, *, stop: threading.Event) -> list[TestId]:
    """Return all tests of a verifier, in its order. May raise `VerificationStopped`."""
    verifier.before_listing(folder)
    command = (verifier.python, "-P", "-m", "stestr.subunit_runner.run", *verifier.listing)
    what = f"{verifier.title}: cannot list its tests"
    environment = verifier.environment(folder)
    done = run_command(command, environment=environment, folder=folder, what=what, stop=stop, **listing_limit())
    found, said = listed(done.stdout)
    if done.returncode or not found:
        last = "\n".join((said + done.stderr.decode(errors="replace")).strip().splitlines()[-20:])
        raise RallycrossError(f"{what} (code {done.returncode}) - check that its modules can be imported:\n{last}")
    return found


def listing_limit() -> dict[str, Any]:
    """Return the limit for listing tests and options, as arguments of `run_command`."""
    return {"limit": settings().listing_limit, "setting": "RALLYCROSS_LISTING_LIMIT"}


def command(verifier: Verifier) -> tuple[str, ...]:
    """Return the command of a process that runs tests."""
    # -P keeps the modules of the folder from hiding the library's. -I would also ignore PYTHON* variables.
    return (verifier.python, "-P", worker.__file__)


def basic_environment(folder: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables of all verifiers' processes; `folder` is their home."""
    inherited = os.environ if inherited is None else inherited
    return {
        **{name: inherited[name] for name in (*PASSED_ON, *PROXIES) if name in inherited},
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
