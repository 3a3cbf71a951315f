"""The source of a verifier: its kind and the packages to install for it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rallycross.errors import RallycrossError, did_you_mean

TEMPEST, PROJECT = "tempest", "project"
KINDS = {
    TEMPEST: "tempest, with its plugins: configured from the cloud",
    PROJECT: "any stestr or unittest project, by its package, git URL or folder",
}
_VERSION = re.compile(r"(==|>=|~=|<|>|!=)?\s*\d[\w.+!*, <>=~-]*")
_GIT = re.compile(r"(git\+)?(https?|ssh|git|file)://\S+|git@\S+")


@dataclass(frozen=True)
class Source:
    """A verifier, before it is installed.

    `package` and each of `plugins` is a requirement as for pip (`tempest==46.2.0`), a git URL, or a folder; for tempest
    `package` may be just a version. Without both it is the tempest that was installed with Rallycross. `tests` is the
    package that has a project's tests.
    """

    kind: str = TEMPEST
    package: str = ""
    plugins: tuple[str, ...] = ()
    tests: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RallycrossError(f"verifier {self.kind!r}: unknown kind - {did_you_mean(self.kind, KINDS)}")
        if self.kind == PROJECT and not self.package:
            raise RallycrossError("verifier 'project': no package - name a requirement, a git URL, or a folder")

    @property
    def bundled(self) -> bool:
        """Whether it is the tempest that was installed with Rallycross."""
        return self.kind == TEMPEST and not self.package and not self.plugins

    @property
    def folder(self) -> Path | None:
        """The folder of the package, if it is a folder."""
        return _folder(self.package)

    def requirements(self, bundled_version: str) -> list[str]:
        """Return the packages to install, as arguments for pip."""
        package = self.package or f"tempest=={bundled_version}"
        if self.kind == TEMPEST and _VERSION.fullmatch(package):
            package = f"tempest{package}" if package[0] in "=<>~!" else f"tempest=={package}"
        wanted = []
        for one in (package, *self.plugins):
            folder = _folder(one)
            wanted += ["--editable", str(folder)] if folder else [_url(one)]
        return wanted

    def key(self, *, python: str) -> str:
        """Return the name of its environment: the same for the same packages and Python."""
        text = json.dumps([self.package, sorted(self.plugins), python, self.kind])
        return f"{self.kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def data(self) -> dict[str, Any]:
        """Return the source as JSON data."""
        return {**asdict(self), "plugins": list(self.plugins)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Source":
        """Return the source of JSON data."""
        return cls(**{**data, "plugins": tuple(data.get("plugins", ()))})


def _folder(text: str) -> Path | None:
    """Return the folder that a text names, or None for a requirement, which never begins with a slash."""
    if text.startswith(("/", "./", "../", "~")):
        folder = Path(text).expanduser().absolute()
        if not folder.is_dir():
            raise RallycrossError(
                f"verifier {text!r}: does not exist - name a folder with a pyproject.toml or setup.py"
            )
        return folder
    return None


def _url(text: str) -> str:
    return f"git+{text}" if _GIT.fullmatch(text) and not text.startswith("git+") else text
