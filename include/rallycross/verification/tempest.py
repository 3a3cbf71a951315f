"""Tempest as a verifier, with its installed plugins."""

import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from rallycross.errors import RallycrossError, did_you_mean
from rallycross.owner_only import write_owner_only
from rallycross.secret import shown_value
from rallycross.verification import tempest_options
from rallycross.verification.command import run_command
from rallycross.verification.configuration import TEST_SECONDS, configure
from rallycross.verification.environments import Environment
from rallycross.verification.known_sets import SETS
from rallycross.verification.lists import read_list
from rallycross.verification.testid import TestId
from rallycross.verification.verifier import ConfigurationInputs, WrittenConfiguration, basic_environment, listing_limit


class Tempest:
    """Tempest installed in an environment."""

    listing = ("--list", "tempest.test_discover.test_discover")
    needs_member = False  # it creates its users itself
    sets: Mapping[str, str] = SETS

    def __init__(self, environment: Environment) -> None:
        self.python = environment.python
        self._packages = environment.packages
        self._plugins = sorted(
            name for name in self._packages if "tempest" in name and name not in {"tempest", "tempest-lib"}
        )
        self._services: Mapping[str, Mapping[str, Any]] = {}  # of plugins, see tempest_options

    @property
    def title(self) -> str:
        """The names and versions of tempest and its plugins."""
        names = (name for name in ("tempest", *self._plugins) if name in self._packages)
        return ", ".join(f"{name} {self._packages[name]}" for name in names)

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables for tempest in `folder`, where its configuration is."""
        return {
            **basic_environment(folder),
            "TEMPEST_CONFIG_DIR": str(folder),
            "TEMPEST_CONFIG": "tempest.conf",
            "OS_TEST_TIMEOUT": str(TEST_SECONDS),
        }

    def before_listing(self, folder: Path) -> None:
        """Write an empty tempest.conf: listing must not use that of an earlier run or of this machine."""
        write_owner_only(folder / "tempest.conf", "")

    def check(self, options: Mapping[str, str], folder: Path, *, stop: threading.Event) -> None:
        """Raise if tempest and its plugins do not have an option, or refuse its value.

        This also finds the sections that plugins have for their services.
        """
        if not options and not self._plugins:
            return
        what = f"{self.title}: its options cannot be read"
        command = (self.python, "-P", tempest_options.__file__)
        environment = self.environment(folder)
        given = json.dumps(dict(options)).encode()
        done = run_command(
            command, environment=environment, folder=folder, what=what, stop=stop, given=given, **listing_limit()
        )
        if done.returncode:
            last = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-20:])
            raise RallycrossError(f"{what} (code {done.returncode}) - check that its modules can be imported:\n{last}")
        answer = json.loads(done.stdout.splitlines()[-1])
        self._services = answer["services"]
        if complaints := [*self._unknown(answer), *_refused(answer["bad"], options)]:
            raise RallycrossError("\n".join(complaints))

    def _unknown(self, answer: Mapping[str, Any]) -> Iterator[str]:
        for option in answer["unknown"]:
            near = did_you_mean(option, answer["known"]) or "install its plugin"
            yield f"tempest option {option}: {self.title} does not have it - {near}"

    def members(self, name: str, available: Sequence[TestId]) -> list[TestId]:
        """Return the tests of a set."""
        if name == "quick":
            return _quick(available)
        if name == "smoke":
            return [test for test in available if "smoke" in test.tags]
        if name == "full":
            return list(available)
        prefix = "tempest.scenario." if name == "scenario" else f"tempest.api.{name}."
        return [test for test in available if test.name.startswith(prefix)]

    def configure(self, inputs: ConfigurationInputs) -> WrittenConfiguration:
        """Write tempest.conf."""
        # Among the locks are the accounts that tests have taken, which a run that was killed never gave back.
        shutil.rmtree(inputs.workspace / "locks", ignore_errors=True)
        for name in ("logs", "locks"):
            (inputs.workspace / name).mkdir(exist_ok=True)
        decided = configure(
            inputs.facts,
            inputs.admin,
            folder=inputs.workspace,
            prefix=inputs.prefix,
            accounts=inputs.accounts,
            packages=self._packages,
            sections=self._services,
            overrides=inputs.options,
        )
        write_owner_only(inputs.workspace / "tempest.conf", decided.text())
        return WrittenConfiguration(self.environment(inputs.workspace), decided.shown())


def _refused(bad: Mapping[str, str], options: Mapping[str, str]) -> Iterator[str]:
    for option, why in bad.items():
        value = options[option]
        shown = str(shown_value(option, value))
        said = why.replace(value, shown) if value and shown != value else why
        yield f"tempest option {option}: cannot be {shown!r} ({said}) - give another value"


def _quick(available: Sequence[TestId]) -> list[TestId]:
    wanted = read_list(files("rallycross.verification").joinpath("sets", "quick.txt").read_text(), file="quick.txt")
    by_name = {test.name: test for test in available}
    if missing := [name for name in wanted if name not in by_name]:
        raise RallycrossError(f"set 'quick': this tempest does not have {', '.join(missing)} - choose the set smoke")
    return [by_name[name] for name in wanted]
