"""A host, on which steps run. Local and SSH hosts have the same interface."""

from dataclasses import dataclass
from typing import Protocol

from rallycross.errors import RallycrossError


@dataclass(frozen=True)
class Ran:
    """The result of a command."""

    code: int
    out: str
    err: str


class CommandFailed(RallycrossError):  # noqa: N818
    """A command on a host ended with a code other than 0, or ran out of time."""


class HostLost(CommandFailed):
    """A host is out of reach for now; what was started there may still be running."""


class SignInRefused(RallycrossError):  # noqa: N818
    """A host refuses the key or the password that it was offered."""


class Host(Protocol):
    """Runs commands and moves files. `LocalHost` and `SSHHost` are the two implementations."""

    name: str

    def run(self, script: str, *, limit: float | None = None, check: bool = True) -> Ran:
        """Run a bash script for at most `limit` seconds; raise `CommandFailed` unless it ends with 0.

        None = `host_limit` of the settings, for quick commands.
        """

    def put(self, path: str, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file, creating its folders; the file appears whole or not at all."""

    def read(self, path: str) -> str:
        """Return a file's text; raise `FileNotFoundError` if it does not exist."""
