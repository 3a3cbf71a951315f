"""A real disk of a few kilobytes, mounted so that only processes run on it see it."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

_HOLD = 'mount -t tmpfs -o "size=$2" none "$1" && echo mounted && exec cat'


class SmallDisk:
    """The disk, in a mount namespace that exists while this context manager is entered."""

    def __init__(self, folder: Path, *, size: str = "1m") -> None:
        self.folder, self._size = folder, size

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small disk")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", _HOLD, "-", self.folder, self._size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "mounted\n", "this machine lets nobody mount"
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.communicate()

    def seen(self, path: Path) -> Path:
        """Return a path on the disk, as reached from outside the namespace."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command wrapped to run inside the namespace."""
        return ["nsenter", f"--target={self._holder.pid}", "--mount", f"--wd={Path.cwd()}", "--", *command]

    def fill(self, *, but: int = 0) -> None:
        """Fill the disk except for `but` bytes."""
        filling = self.seen(self.folder) / "filling"
        with filling.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                os.truncate(filling, file.tell() - but)

    def make_room(self) -> None:
        """Delete what filled the disk."""
        (self.seen(self.folder) / "filling").unlink()
