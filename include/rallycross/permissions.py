"""What a run may use on the machine that it runs on, and delete in clouds: files, commands, packages, leftovers.

On the command line there are no bounds: the user has these rights anyway. Input from Airflow's forms or API may come
from anybody who may trigger a DAG, so the settings bound it.
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
from rallycross.settings import CHECKOUT, Commands, Leftovers, Settings

TEXT = "<text>"  # the name of a spec or a task that was given as text


class NotAllowed(RallycrossError):  # noqa: N818 - the name says what is wrong
    """The input asks for something that it is not permitted to use."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} - {remedy}")
        self.what, self.remedy = what, remedy


@dataclass(frozen=True)
class Permissions:
    """What is permitted; by default, everything."""

    folders: tuple[Path, ...] | None = None  # files may be read only below these; None: anywhere
    commands: Commands = "all"
    packages: tuple[str, ...] | None = (
        None  # regular expressions of what may be installed for a verification; None: anything
    )
    leftovers: Leftovers = "all"  # what may be deleted of what runs have left in clouds

    @classmethod
    def of_forms(cls, settings: Settings) -> "Permissions":
        """Return what the settings permit for input from forms and Airflow's API."""
        return cls(
            tuple(folder.resolve() for folder in settings.files),
            settings.commands,
            settings.packages,
            settings.delete_leftovers,
        )

    def find(self, given: str) -> Path:
        """Return the file that a path means: relative to the checkout, or else to one of the folders.

        If files are bounded, links are resolved. Raises `NotAllowed`, which does not reveal whether the file exists.
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
        """Return a path, with links resolved if files are bounded; raise `NotAllowed` if it may not be read."""
        if self.folders is None:
            return path
        try:
            real = path.expanduser().resolve()
        except (OSError, ValueError, RuntimeError):  # NUL in a path, circular links, unknown user in `~user`
            real = None
        if real is None or not self._below(real):
            raise NotAllowed(
                "is not a file that a form may name",
                f"put it below one of {', '.join(map(str, self.folders)) or '(none)'}, or add its folder to"
                " RALLYCROSS_FILES of the worker",
            )
        return real

    def _below(self, real: Path) -> bool:
        return self.folders is None or any(real.is_relative_to(folder) for folder in self.folders)

    def may_command(self, file: str) -> bool:
        """Return whether the content of `file` may run commands; for text from a form, `file` is `TEXT`."""
        return self.commands == "all" or (self.commands == "files" and file != TEXT)

    def check_package(self, wanted: str) -> None:
        """Raise `NotAllowed` if a requirement, a git URL or a folder may not be installed."""
        if self.packages is not None and not any(re.fullmatch(one, wanted) for one in self.packages):
            raise NotAllowed(
                f"{wanted!r} may not be installed by a form",
                "name a version of tempest or of an OpenStack tempest plugin, or extend RALLYCROSS_PACKAGES of"
                " the worker",
            )


OWNER = Permissions()


def grant(settings: Settings, run: str, given: Iterable[str]) -> None:
    """Let one Airflow run use the given files without bounds: the owner named them on the command line."""
    write_owner_only(_grant_file(settings, run), json.dumps(sorted(given)))


def permissions(settings: Settings, run: str, given: str) -> Permissions:
    """Return what the Airflow run `run` may do with the file or text `given`."""
    with suppress(OSError, ValueError):
        if given in json.loads(_grant_file(settings, run).read_text()):
            return OWNER
    return Permissions.of_forms(settings)


def _grant_file(settings: Settings, run: str) -> Path:
    return settings.home / "grants" / f"{hashlib.sha256(run.encode()).hexdigest()[:32]}.json"
