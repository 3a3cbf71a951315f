"""Finds what stands in one package: scenarios, contexts, engines. Walking it is the whole plug-in mechanism.

A module of the package registers what it defines by a decorator; a duplicate name is an error.
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
    """Names and what they stand for; filled by importing every module of a package, at the first look."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._found: dict[str, T] = {}

    def add(self, name: str, thing: T) -> None:
        """Register; called by a package's modules as they are imported."""
        if name in self._found:
            raise RallycrossError(f"{self.package}: {name!r} is defined twice - rename one")
        self._found[name] = thing

    @cached_property
    def all(self) -> dict[str, T]:
        """Everything by name, in order of name."""
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
    """Raise where a folder has modules that the walk would not see, since Python takes it for no package."""
    for module in sorted(package.rglob("*.py")):
        if module.parent.name.isidentifier() and not (module.parent / "__init__.py").exists():
            raise RallycrossError(f"{module.parent}: not a package, so {module.name} is not found - add an __init__.py")
