"""What a run may reach on the machine that it runs on: its files, and commands.

Whoever types a command owns the machine's files anyway, and is not bounded. What comes from a form, or from the API of
Airflow, may come from anybody who may trigger a DAG, and is bounded by the settings.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only
from rallycross.settings import CHECKOUT, Commands, Settings

TEXT = "<text>"  # what a spec or a task is called that was given as text


class NotAllowed(RallycrossError):  # noqa: N818 - reads as what it says
    """Something is out of reach for whoever has asked for it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} - {remedy}")
        self.what, self.remedy = what, remedy


@dataclass(frozen=True)
class Permissions:
    """What is allowed. Without arguments: everything."""

    folders: tuple[Path, ...] | None = None  # only files below these may be read; None: any
    commands: Commands = "all"
    packages: tuple[str, ...] | None = (
        None  # regular expressions of what may be installed to verify with; None: anything
    )

    @classmethod
    def of_forms(cls, settings: Settings) -> "Permissions":
        """Return what the settings allow to those who trigger a DAG."""
        return cls(tuple(folder.resolve() for folder in settings.files), settings.commands, settings.packages)

    def find(self, given: str) -> Path:
        """Return the file that a path means: relative to the checkout, or else to one of the folders.

        Links are followed where files are bounded. Raises `NotAllowed`, which does not tell whether there is a file.
        """
        path = CHECKOUT / Path(given).expanduser()
        if self.folders is None:
            return path
        for folder in (CHECKOUT, *self.folders):
            found = (folder / Path(given).expanduser()).resolve()
            if found.is_file() and self._below(found):
                return found
        return self.file(path)

    def file(self, path: Path) -> Path:
        """Return a path, links followed where files are bounded; raise `NotAllowed` where it may not be read."""
        if self.folders is None:
            return path
        try:
            real = path.expanduser().resolve()
        except (OSError, ValueError, RuntimeError):  # NUL in a path, links in a circle, nobody's home
            real = None
        if real is None or not self._below(real):
            raise NotAllowed(
                "is no file that a form may name",
                f"put it below one of {', '.join(map(str, self.folders)) or '(none)'}, or add its folder to"
                " RALLYCROSS_FILES of the worker",
            )
        return real

    def _below(self, real: Path) -> bool:
        return self.folders is None or any(real.is_relative_to(folder) for folder in self.folders)

    def may_command(self, file: str) -> bool:
        """Return whether what stands in `file` may have commands run; text in a form is called `TEXT`."""
        return self.commands == "all" or (self.commands == "files" and file != TEXT)

    def check_package(self, wanted: str) -> None:
        """Raise `NotAllowed` where something may not be installed: a requirement, a git URL or a folder."""
        if self.packages is not None and not any(re.fullmatch(one, wanted) for one in self.packages):
            raise NotAllowed(
                f"{wanted!r} may not be installed by a form",
                "a form may name versions of tempest and OpenStack's own plugins of it, or what RALLYCROSS_PACKAGES of"
                " the worker says",
            )


OWNER = Permissions()


def grant(settings: Settings, run: str, given: Iterable[str]) -> None:
    """Let one run of Airflow's use files without bounds, because the owner has named them on the command line."""
    write_owner_only(_grant_file(settings, run), json.dumps(sorted(given)))


def permissions(settings: Settings, run: str, given: str) -> Permissions:
    """Return what the run `run` may do with the file, or text, `given`."""
    with suppress(OSError, ValueError):
        if given in json.loads(_grant_file(settings, run).read_text()):
            return OWNER
    return Permissions.of_forms(settings)


def _grant_file(settings: Settings, run: str) -> Path:
    return settings.home / "grants" / f"{hashlib.sha256(run.encode()).hexdigest()[:32]}.json"
