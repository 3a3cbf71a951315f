"""A host: where an engine acts. Local or over SSH, an engine cannot tell which."""

from dataclasses import dataclass
from typing import Protocol

from rallycross.errors import RallycrossError


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


class CommandFailed(RallycrossError):  # noqa: N818
    """A command on a host ended with a code other than 0, or ran out of time."""


class HostLost(CommandFailed):
    """A host cannot be reached, now; what was begun there may go on."""


class SignInRefused(RallycrossError):  # noqa: N818
    """A host does not let us in, by the key or the password that it was shown."""


class Host(Protocol):
    """Runs commands and moves files. `LocalHost` and `SSHHost` are the two implementations."""

    name: str

    def run(self, script: str, *, limit: float | None = None, check: bool = True) -> Ran:
        """Run a bash script for at most `limit` seconds; raise `CommandFailed` unless it ends with 0.

        None = the settings' limit for what is quick.
        """

    def put(self, path: str, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file, making its folders; the file appears whole or not at all."""

    def read(self, path: str) -> str:
        """Return a file's text; raise `FileNotFoundError` where there is none."""
