"""Files that are named on the command line."""

import sys
from pathlib import Path

from rallycross.errors import Complaint, InvalidInput
from rallycross.settings import CHECKOUT
from rallycross.userfile import decoded, limited, read_text

STDIN = "-"
_STDIN = "<stdin>"
_REMEDY = "name a file, by a path from the current folder, or give the YAML itself"


def given_file(path: str) -> str:
    """Return a path so that it means the same to whoever reads it, from whatever folder; a text as it is.

    A path is the user's own first; what is not there is looked for in the checkout, where the defaults are.
    """
    if not _exists(Path(path)) and (_is_text(path) or _exists(CHECKOUT / path)):
        return path
    try:
        return str(Path(path).expanduser().absolute())
    except RuntimeError:  # `~` of somebody who is not there
        return path


def given_text(given: str) -> tuple[str, str]:
    """Return text and name of what stands on the command line: a file, the YAML itself, or `-` for standard input."""
    if given == STDIN and sys.stdin is None:
        raise InvalidInput([Complaint(_STDIN, 0, 0, "", "is closed", "name a file, or write the text into it")])
    if given == STDIN:
        binary = getattr(sys.stdin, "buffer", None)  # not where another program's text stands in its place
        return (decoded(limited(binary, _STDIN), _STDIN) if binary else sys.stdin.read()), _STDIN
    whole = given_file(given)
    if _is_text(given) and not _exists(CHECKOUT / whole):
        return given, "<text>"
    return read_text(CHECKOUT / whole, name=whole, remedy=_REMEDY), whole


def _is_text(given: str) -> bool:
    return "\n" in given or ": " in given or given.startswith("{")


def _exists(path: Path) -> bool:
    try:
        return path.expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # a text is too long for a name, or has a NUL in it
        return False
