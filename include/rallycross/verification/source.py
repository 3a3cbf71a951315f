"""What a verifier is made of, as data: which kind it is, what is installed for it, and what distinguishes it."""

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

    `package` and each of `plugins` is what pip calls a requirement (`tempest==46.2.0`), a git URL, or a folder;
    `package` may be a version alone for tempest. Empty: the tempest that was installed with Rallycross, which only
    takes part as it is, without plugins. `tests` is the package that holds a project's tests.
    """

    kind: str = TEMPEST
    package: str = ""
    plugins: tuple[str, ...] = ()
    tests: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RallycrossError(
                f"verifier {self.kind!r}: there is none of that kind - {did_you_mean(self.kind, KINDS)}"
            )
        if self.kind == PROJECT and not self.package:
            raise RallycrossError("verifier 'project': no package - name a requirement, a git URL, or a folder")

    @property
    def bundled(self) -> bool:
        """Whether it is the tempest that was installed with Rallycross."""
        return self.kind == TEMPEST and not self.package and not self.plugins

    @property
    def folder(self) -> Path | None:
        """The folder that the package is, if it is one."""
        return _folder(self.package)

    def requirements(self, bundled_version: str) -> list[str]:
        """Return what is to be installed, as arguments for pip."""
        package = self.package or f"tempest=={bundled_version}"
        if self.kind == TEMPEST and _VERSION.fullmatch(package):
            package = f"tempest{package}" if package[0] in "=<>~!" else f"tempest=={package}"
        wanted = []
        for one in (package, *self.plugins):
            folder = _folder(one)
            wanted += ["--editable", str(folder)] if folder else [_url(one)]
        return wanted

    def key(self, *, python: str) -> str:
        """Return what tells its environment from others: the same for the same packages and Python."""
        text = json.dumps([self.package, sorted(self.plugins), python, self.kind])
        return f"{self.kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "plugins": list(self.plugins)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Source":
        """Return what `data` has given."""
        return cls(**{**data, "plugins": tuple(data.get("plugins", ()))})


def _folder(text: str) -> Path | None:
    """Return the folder that a text names; a requirement never has a slash in front."""
    if text.startswith(("/", "./", "../", "~")):
        folder = Path(text).expanduser().absolute()
        if not folder.is_dir():
            raise RallycrossError(
                f"verifier {text!r}: there is no such folder - name one with a pyproject.toml or setup.py"
            )
        return folder
    return None


def _url(text: str) -> str:
    return f"git+{text}" if _GIT.fullmatch(text) and not text.startswith("git+") else text
