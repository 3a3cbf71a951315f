"""The prefix of the names of all resources that the verifications of a workspace create."""

import re
import secrets
from pathlib import Path

from rallycross.owner_only import write_owner_only

_PREFIX = re.compile(r"tempest-[0-9a-f]{12}")


def prefix_of(workspace: Path) -> str:
    """Return the prefix of a workspace, chosen at random the first time. The caller holds the workspace's lock.

    It is stored, so that the next run finds what a killed run left. It is random, since two machines may have
    workspaces of the same path for the same cloud.
    """
    file = workspace / "prefix"
    found = file.read_text(errors="replace") if file.exists() else ""
    if not _PREFIX.fullmatch(found):  # an empty prefix would match every name
        found = f"tempest-{secrets.token_hex(6)}"
        write_owner_only(file, found)
    return found
