"""Files that only their owner can read."""

import os
from pathlib import Path

from rallycross.atomic_file import atomic_file


def write_owner_only(path: Path, text: str) -> None:
    """Write a file that is readable by its owner only from the first moment; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_file(path) as part,
        os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file,
    ):
        file.write(text)
