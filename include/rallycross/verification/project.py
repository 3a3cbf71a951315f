"""Any stestr or unittest project as a verifier: it finds the cloud in a `clouds.yaml`, and options in variables.

The file has two entries, both created for the run and deleted after it: `admin` (which OS_CLOUD names) and `member`, an
ordinary user of the same project. Options are environment variables: OPENSTACKSDK_DEMO_CLOUD=member.
"""

import configparser
import re
import threading
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only
from rallycross.secret import shown_value
from rallycross.verification.configuration import TEST_SECONDS
from rallycross.verification.environments import Environment
from rallycross.verification.facts import Admin, Keystone
from rallycross.verification.source import Source
from rallycross.verification.testid import TestId
from rallycross.verification.verifier import ConfigurationInputs, WrittenConfiguration, basic_environment

NOWHERE = "http://127.0.0.1:1/v3"  # nothing listens there
SETS = {"full": "all tests"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEFAULT = re.compile(r"\$\{\w+:-(?P<default>[^}]*)\}")  # stestr.conf has ${OS_TEST_PATH:-./tests}
_NAME = re.compile(r"[\w.-]+")


class Project:
    """A project installed in an environment."""

    needs_member = True
    sets: Mapping[str, str] = SETS

    def __init__(self, source: Source, environment: Environment) -> None:
        self.python = environment.python
        self._folder = source.folder
        self._title = title(source, environment.packages)
        top, start = ("", source.tests) if source.tests else where(source)
        self._top = str(self._folder / top) if self._folder else ""
        where_from = ("-t", self._top) if self._top else ()
        self.listing = ("discover", *where_from, "-s", str(Path(self._top, start)) if "/" in start else start, "--list")

    @property
    def title(self) -> str:
        """Its name and version."""
        return self._title

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables by which its tests find the cloud."""
        return {
            **basic_environment(folder),
            **({"PYTHONPATH": self._top} if self._top else {}),
            "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"),
            "OS_CLOUD": "admin",
            "OS_TEST_TIMEOUT": str(TEST_SECONDS),  # the variable of OpenStack's projects
        }

    def before_listing(self, folder: Path) -> None:
        """Write a clouds.yaml with unreachable clouds: some tests read it when they are imported."""
        nowhere = Admin("none", "none", "none", "none", "none")
        clouds = {name: entry(Keystone(NOWHERE), nowhere) for name in ("admin", "member")}
        write_owner_only(folder / "clouds.yaml", yaml.safe_dump({"clouds": clouds}))

    def check(self, options: Mapping[str, str], folder: Path, *, stop: threading.Event) -> None:  # noqa: ARG002
        """Raise if an option is not a valid name of a variable."""
        if bad := [name for name in options if not _VARIABLE.fullmatch(name)]:
            raise RallycrossError(f"option {bad[0]!r}: not the name of an environment variable - write NAME=VALUE")

    def members(self, name: str, available: Sequence[TestId]) -> list[TestId]:  # noqa: ARG002 - it has one set
        """Return the tests of a set: the only one has all."""
        return list(available)

    def configure(self, inputs: ConfigurationInputs) -> WrittenConfiguration:
        """Write clouds.yaml with the users of the run."""
        users = {"admin": inputs.admin, "member": inputs.member}
        clouds = {name: entry(inputs.facts.keystone, user) for name, user in users.items() if user is not None}
        write_owner_only(inputs.workspace / "clouds.yaml", yaml.safe_dump({"clouds": clouds}))
        shown = {
            name: {"value": shown_value(name, value), "why": "asked for"} for name, value in inputs.options.items()
        }
        shown["OS_CLOUD"] = {"value": "admin", "why": "an administrator created for this run, and deleted after it"}
        return WrittenConfiguration({**self.environment(inputs.workspace), **inputs.options}, shown)


def entry(keystone: Keystone, user: Admin) -> dict[str, Any]:
    """Return the entry of a user in clouds.yaml."""
    made: dict[str, Any] = {
        "auth": {
            "auth_url": keystone.auth_url,
            "username": user.username,
            "password": user.password,
            "project_name": user.project,
            "user_domain_name": user.domain,
            "project_domain_name": user.domain,
        },
        "interface": keystone.interface.removesuffix("URL"),
        "verify": keystone.verify,
    }
    if keystone.region:
        made["region_name"] = keystone.region
    if keystone.ca_file:
        made["cacert"] = keystone.ca_file
    return made


def where(source: Source) -> tuple[str, str]:
    """Return the top folder and the tests' folder of a project, relative to it, from its stestr settings."""
    folder = source.folder
    if folder is None:
        raise RallycrossError(f"verifier {source.package!r}: the package of its tests is not known - name it")
    for path, top in _settings(folder):
        return _plain(top or "."), _plain(path)
    raise RallycrossError(
        f"verifier {source.package!r}: neither .stestr.conf nor [tool.stestr] says where its tests are"
        " - name the package of its tests"
    )


def title(source: Source, packages: Mapping[str, str]) -> str:
    """Return a project's name, with its version if it is known."""
    name = source.folder.name if source.folder else source.package.rstrip("/").rpartition("/")[2].removesuffix(".git")
    found = _NAME.match(name)
    name = found[0] if found else name
    version = packages.get(name.lower().replace("_", "-"), "")
    return f"{name} {version}".strip()


def _settings(folder: Path) -> list[tuple[str, str]]:
    """Return (test path, top folder) from each settings file that has a test path."""
    found = []
    if (conf := folder / ".stestr.conf").is_file():
        parser = configparser.RawConfigParser()
        parser.read(conf)
        found.append((parser.get("DEFAULT", "test_path", fallback=""), parser.get("DEFAULT", "top_dir", fallback="")))
    if (pyproject := folder / "pyproject.toml").is_file():
        settings = tomllib.loads(pyproject.read_text()).get("tool", {}).get("stestr", {})
        found.append((settings.get("test_path", ""), settings.get("top_dir", "")))
    return [(path, top) for path, top in found if path]


def _plain(text: str) -> str:
    """Return a path with its variables replaced by their defaults; a slash distinguishes it from a package name."""
    path = _DEFAULT.sub(lambda match: match["default"], text)
    return path if path.startswith(("./", "/")) else f"./{path}"
