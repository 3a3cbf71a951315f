"""Arguments of the command line that name files, or are texts themselves."""

import sys
from pathlib import Path

from rallycross.errors import Complaint, InvalidInput
from rallycross.settings import CHECKOUT
from rallycross.userfile import decoded, limited, read_text

STDIN = "-"
_STDIN = "<stdin>"
_REMEDY = "name a file by its path from the current folder, or give the YAML itself"


def resolved_argument(path: str) -> str:
    """Return a path that means the same from any folder; a text is returned unchanged.

    A path is relative to the current folder. If it does not exist there but in the checkout, it is returned unchanged:
    it names one of the files that come with Rallycross.
    """
    if not _exists(Path(path)) and (_is_text(path) or _exists(CHECKOUT / path)):
        return path
    try:
        return str(Path(path).expanduser().absolute())
    except RuntimeError:  # `~user` of an unknown user
        return path


def read_argument(given: str) -> tuple[str, str]:
    """Return text and name of an argument: a file, the YAML itself, or `-` for standard input."""
    if given == STDIN and sys.stdin is None:
        raise InvalidInput([Complaint(_STDIN, 0, 0, "", "is closed", "name a file, or write the text into it")])
    if given == STDIN:
        binary = getattr(sys.stdin, "buffer", None)  # missing if stdin was replaced by a text stream
        return (decoded(limited(binary, _STDIN), _STDIN) if binary else sys.stdin.read()), _STDIN
    whole = resolved_argument(given)
    if _is_text(given) and not _exists(CHECKOUT / whole):
        return given, "<text>"
    return read_text(CHECKOUT / whole, name=whole, remedy=_REMEDY), whole


def _is_text(given: str) -> bool:
    return "\n" in given or ": " in given or given.startswith("{")


def _exists(path: Path) -> bool:
    try:
        return path.expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # a text that is too long for a path, or contains NUL
        return False
