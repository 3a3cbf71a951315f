"""What the names of all begin with that a workspace's verifications make."""

import re
import secrets
from pathlib import Path

from rallycross.owner_only import write_owner_only

_PREFIX = re.compile(r"tempest-[0-9a-f]{12}")


def prefix_of(workspace: Path) -> str:
    """Return the workspace's prefix, made at random the first time; only one process may be in there.

    It is kept, so that the next run finds what one that was killed has left. Nothing of the machine goes into it: the
    workspaces of two machines may have the same path, and their runs the same cloud.
    """
    file = workspace / "prefix"
    found = file.read_text(errors="replace") if file.exists() else ""
    if not _PREFIX.fullmatch(found):  # an empty one would be the beginning of every name
        found = f"tempest-{secrets.token_hex(6)}"
        write_owner_only(file, found)
    return found
