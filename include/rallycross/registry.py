"""Finds what the modules of one package define: scenarios, contexts, engines. This is the whole plug-in mechanism.

A module registers its definitions by a decorator; a duplicate name is an error. Users' own files do the same, outside
of the package: see `plugins`.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from rallycross.errors import RallycrossError
from rallycross.plugins import PLUGINS

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from names to definitions, filled at the first access by importing every module of a package."""

    def __init__(self, package: str, *, users_add: bool = False) -> None:
        self.package = package
        self._users_add = users_add  # whether files outside of the package can define more
        self._found: dict[str, T] = {}
        self._walked = self._walking = False

    def add(self, name: str, thing: T) -> None:
        """Register a definition; modules call this when they are imported."""
        by_user = PLUGINS.defined is not None and not self._walking
        if by_user:
            self._walk()  # the package's own definitions come first
        if name in self._found:
            raise RallycrossError(f"{self.package}: {name!r} is defined twice - rename one")
        self._found[name] = thing
        if by_user and PLUGINS.defined is not None:
            PLUGINS.defined.append((self._found, name))

    @cached_property
    def all(self) -> dict[str, T]:
        """All definitions, sorted by name."""
        self._walk()
        if self._users_add:
            PLUGINS.load()
        return dict(sorted(self._found.items()))

    def _walk(self) -> None:
        """Import every module of the package."""
        if self._walked or self._walking:
            return
        self._walking = True
        try:
            package = importlib.import_module(self.package)
            for folder in map(Path, package.__path__):
                _complain_of_hidden(folder)
            for module in pkgutil.walk_packages(package.__path__, f"{self.package}."):
                importlib.import_module(module.name)
        finally:
            self._walking = False
        self._walked = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.all)

    def __contains__(self, name: object) -> bool:
        return name in self.all

    def __getitem__(self, name: str) -> T:
        return self.all[name]


def _complain_of_hidden(package: Path) -> None:
    """Raise if a folder has modules that the walk would miss because it is not a Python package."""
    for module in sorted(package.rglob("*.py")):
        if module.parent.name.isidentifier() and not (module.parent / "__init__.py").exists():
            what = f"is not a package, so {module.name} is not found"
            raise RallycrossError(f"{module.parent}: {what} - add an __init__.py")
