"""Tempest as a verifier, with whatever plugins are installed beside it."""

import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from rallycross.errors import RallycrossError
from rallycross.owner_only import write_owner_only
from rallycross.verification.configuration import TEST_SECONDS, configure
from rallycross.verification.environments import Environment
from rallycross.verification.known_sets import SETS
from rallycross.verification.lists import read_list
from rallycross.verification.testid import TestId
from rallycross.verification.verifier import Configured, Need, basic_environment


class Tempest:
    """Tempest in an environment."""

    listing = ("--list", "tempest.test_discover.test_discover")
    needs_member = False  # it makes its users itself
    sets: Mapping[str, str] = SETS

    def __init__(self, environment: Environment) -> None:
        self.python = environment.python
        self._packages = environment.packages

    @property
    def title(self) -> str:
        """What it is, with versions."""
        plugins = sorted(
            name for name in self._packages if "tempest" in name and name not in {"tempest", "tempest-lib"}
        )
        return ", ".join(f"{name} {self._packages[name]}" for name in ("tempest", *plugins) if name in self._packages)

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment in which tempest runs in `folder`, and finds its configuration there."""
        return {
            **basic_environment(folder),
            "TEMPEST_CONFIG_DIR": str(folder),
            "TEMPEST_CONFIG": "tempest.conf",
            "OS_TEST_TIMEOUT": str(TEST_SECONDS),
        }

    def before_listing(self, folder: Path) -> None:
        """Tempest lists its tests without a configuration."""

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

    def configure(self, need: Need) -> Configured:
        """Write tempest.conf."""
        # Among the locks are the accounts that tests have taken, which a run that was killed never gave back.
        shutil.rmtree(need.workspace / "locks", ignore_errors=True)
        for name in ("logs", "locks"):
            (need.workspace / name).mkdir(exist_ok=True)
        decided = configure(
            need.facts,
            need.admin,
            folder=need.workspace,
            prefix=need.prefix,
            accounts=need.accounts,
            packages=self._packages,
            overrides=need.options,
        )
        write_owner_only(need.workspace / "tempest.conf", decided.text())
        return Configured(self.environment(need.workspace), decided.shown())


def _quick(available: Sequence[TestId]) -> list[TestId]:
    wanted = read_list(files("rallycross.verification").joinpath("sets", "quick.txt").read_text(), file="quick.txt")
    by_name = {test.name: test for test in available}
    if missing := [name for name in wanted if name not in by_name]:
        raise RallycrossError(f"set 'quick': this tempest does not have {', '.join(missing)} - choose the set smoke")
    return [by_name[name] for name in wanted]
