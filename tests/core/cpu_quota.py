"""A group of processes that get a share of a core: a cgroup with a quota, of version 1 or 2."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

_PERIOD = 100_000  # microseconds, the kernel's own
_V1, _V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")


class NoQuotaError(Exception):
    """No such group can be made here."""


class CPUQuota:
    """A cgroup that is gone afterwards: what is in it must have ended by then."""

    def __enter__(self) -> Self:
        self._folder = (_V1 if _V1.is_dir() else _V2) / f"rallycross-test-{os.getpid()}"
        try:
            self._folder.mkdir()
        except OSError as error:
            raise NoQuotaError(f"no cgroup can be made here: {error}") from error
        if self._files():
            return self
        self.__exit__()
        raise NoQuotaError("cgroups that are made here can have no quota")

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._folder.rmdir()

    def _files(self) -> dict[Path, str]:
        files = {self._folder / "cpu.cfs_quota_us": "{}", self._folder / "cpu.max": f"{{}} {_PERIOD}"}
        return {file: form for file, form in files.items() if file.exists()}

    def limit(self, cores: float) -> None:
        """Have all of its processes together run for no more than that."""
        for file, form in self._files().items():
            file.write_text(form.format(round(cores * _PERIOD)))

    def join(self) -> None:
        """Move this process into it, and with it what it starts from now on: for `preexec_fn`."""
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))
