"""What a verifier is: the narrow interface between a verification and what it verifies with."""

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
from rallycross.verification.command import ran
from rallycross.verification.facts import Admin, Facts
from rallycross.verification.stream import listed
from rallycross.verification.testid import TestId

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


@dataclass(frozen=True)
class Need:
    """What a verifier is configured from."""

    facts: Facts
    admin: Admin | None  # made for this run; None where credentials were given
    member: Admin | None  # an ordinary user of the same project
    workspace: Path
    prefix: str  # begins the name of all that the tests make
    options: Mapping[str, str]  # what the user asked for: has the last word
    accounts: Accounts | None = None  # credentials to use in the place of ones made for each test class


@dataclass(frozen=True)
class Configured:
    """A verifier's configuration, written."""

    environment: Mapping[str, str]  # of the processes that run tests
    shown: Mapping[str, Mapping[str, str]]  # what was decided and why, without secrets: option -> value, why


class Verifier(Protocol):
    """Lists tests, and is configured from a cloud. worker.py runs its tests, by its Python."""

    @property
    def title(self) -> str:
        """What it is, with versions."""

    @property
    def python(self) -> str:
        """The interpreter that has it."""

    @property
    def sets(self) -> Mapping[str, str]:
        """The sets of tests that it knows by name, with a description."""

    @property
    def listing(self) -> Sequence[str]:
        """The arguments by which stestr's runner lists its tests."""

    @property
    def needs_member(self) -> bool:
        """Whether it wants an ordinary user beside the administrator."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment in which its processes run in `folder`."""

    def before_listing(self, folder: Path) -> None:
        """Put into the folder what its modules need to be imported, before any cloud is known."""

    def check(self, options: Mapping[str, str], folder: Path, *, stop: threading.Event) -> None:
        """Raise where it does not know one of these options, or cannot take its value. No cloud is known yet."""

    def members(self, name: str, available: Sequence[TestId]) -> list[TestId]:
        """Return the tests of one of its sets."""

    def configure(self, need: Need) -> Configured:
        """Write its configuration into the workspace, for the owner's eyes only."""


def available_tests(verifier: Verifier, folder: Path, *, stop: threading.Event) -> list[TestId]:
    """Return all tests that a verifier has, in the order in which it lists them. May raise `Stopped`."""
    verifier.before_listing(folder)
    command = (verifier.python, "-P", "-m", "stestr.subunit_runner.run", *verifier.listing)
    what = f"{verifier.title}: cannot list its tests"
    environment = verifier.environment(folder)
    done = ran(command, environment=environment, folder=folder, what=what, stop=stop, **listing_limit())
    found, said = listed(done.stdout)
    if done.returncode or not found:
        last = "\n".join((said + done.stderr.decode(errors="replace")).strip().splitlines()[-20:])
        raise RallycrossError(f"{what} (code {done.returncode}) - can each of its modules be imported?\n{last}")
    return found


def listing_limit() -> dict[str, Any]:
    """Return within which limit a verifier is asked something, as `ran` takes it."""
    return {"limit": settings().listing_limit, "setting": "RALLYCROSS_LISTING_LIMIT"}


def command(verifier: Verifier) -> tuple[str, ...]:
    """Return the command of a process that runs tests."""
    # Not -I: it would ignore PYTHON* variables as well. -P keeps this folder's modules from hiding the library's.
    return (verifier.python, "-P", worker.__file__)


def basic_environment(folder: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what every verifier's processes see: `folder` is their home."""
    inherited = os.environ if inherited is None else inherited
    return {
        **{name: inherited[name] for name in (*PASSED_ON, *PROXIES) if name in inherited},
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
