"""Finds what the modules of one package define: scenarios, contexts, engines. This is the whole plug-in mechanism.

A module registers its definitions by a decorator; a duplicate name is an error.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from rallycross.errors import RallycrossError

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from names to definitions, filled at the first access by importing every module of a package."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._found: dict[str, T] = {}

    def add(self, name: str, thing: T) -> None:
        """Register a definition; the package's modules call this when they are imported."""
        if name in self._found:
            raise RallycrossError(f"{self.package}: {name!r} is defined twice - rename one")
        self._found[name] = thing

    @cached_property
    def all(self) -> dict[str, T]:
        """All definitions, sorted by name."""
        package = importlib.import_module(self.package)
        for folder in map(Path, package.__path__):
            _complain_of_hidden(folder)
        for module in pkgutil.walk_packages(package.__path__, f"{self.package}."):
            importlib.import_module(module.name)
        return dict(sorted(self._found.items()))

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
