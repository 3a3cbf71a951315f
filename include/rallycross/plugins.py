"""Imports the scenarios, contexts and SLA criteria that users have outside of this checkout.

They are in the folders that RALLYCROSS_SCENARIOS names, or in installed packages that name a module in the entry point
group `rallycross.plugins`. A file that cannot be imported is a `Broken`, and costs nothing else: the definitions that
it has made until then are taken back.
"""

import ast
import importlib
import importlib.machinery
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from rallycross.errors import Complaint, RallycrossError
from rallycross.settings import settings

GROUP = "rallycross.plugins"
_PACKAGE = "rallycross_scenarios"  # of the modules in a folder, which has no name of its own; a number follows
_SETTING = "RALLYCROSS_SCENARIOS"


@dataclass(frozen=True)
class Broken:
    """A file, a folder or an entry point that could not be imported."""

    file: str
    line: int  # 0 = none
    what: str
    remedy: str
    texts: frozenset[str] = field(default=frozenset(), repr=False)  # all texts in the file: also the names it defines

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''} {self.what}"

    @property
    def complaint(self) -> Complaint:
        """What users are told."""
        return Complaint(self.file, self.line, 0, "", self.what, self.remedy)


class _Plugins:
    """What has been imported, once in a process."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        # What the file that is being imported has defined so far: mappings of registries, and names in them.
        self.defined: list[tuple[dict[str, Any], str]] | None = None
        self._begun = False

    def load(self) -> None:
        """Import everything, unless that was done or has begun."""
        if self._begun:
            return
        self._begun = True
        importlib.invalidate_caches()
        for number, folder in enumerate(settings().scenarios):
            self._folder(folder, f"{_PACKAGE}_{number}")
        for point in entry_points(group=GROUP):
            self._entry_point(point)

    def _folder(self, folder: Path, package: str) -> None:
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            self.broken.append(Broken(str(folder), 0, what, f"correct {_SETTING}"))
            return
        spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[package] = module_from_spec(spec)
        for inner in inside:
            if inner.name.isidentifier() and not (inner / "__init__.py").exists() and any(inner.glob("*.py")):
                what = "is not a package, so its files are not read"
                self.broken.append(Broken(str(inner), 0, what, "add an __init__.py"))
        self._walk([str(folder)], package)

    def _walk(self, folders: list[str], package: str) -> None:
        """Import all modules of a package, and those of the packages in it."""
        for module in pkgutil.iter_modules(folders, f"{package}."):
            imported = self._import(partial(importlib.import_module, module.name), module.name, folders)
            if imported and module.ispkg:
                self._walk(list(imported.__path__), module.name)

    def _entry_point(self, point: EntryPoint) -> None:
        of = f"entry point {point.name} of the package {point.dist.name if point.dist else '?'}"
        imported = self._import(point.load, of, [])
        if isinstance(imported, ModuleType) and hasattr(imported, "__path__"):
            self._walk(list(imported.__path__), imported.__name__)

    def _import(self, load: Callable[[], ModuleType], name: str, folders: list[str]) -> ModuleType | None:
        """Import a module; if it fails, take back what it has defined, and note why."""
        self.defined, before = [], set(sys.modules)
        try:
            with redirect_stdout(sys.stderr):  # standard output is for results, and for messages to a parent
                return load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's file can raise anything
            for found, defined in self.defined:
                del found[defined]
            for module in set(sys.modules) - before:
                if module.startswith(_PACKAGE):  # a file that this one has imported is imported again by itself
                    del sys.modules[module]
            self.broken.append(_why(error, name, folders))
        finally:
            self.defined = None
        return None


def _why(error: BaseException, name: str, folders: list[str]) -> Broken:
    """Return what users are told about a failed import: the innermost place in a file of theirs."""
    file, line = name, 0
    if folders:
        module = Path(folders[0]) / name.rpartition(".")[2]
        file = str(module / "__init__.py" if module.is_dir() else module.with_suffix(".py"))
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    else:
        own = Path(__file__).parent
        places = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
        outside = [place for place in places if not Path(place[0]).is_relative_to(own) and "importlib" not in place[0]]
        inside = [place for place in outside if place[0] == file or any(map(Path(place[0]).is_relative_to, folders))]
        file, line = (inside or outside or [(file, 0)])[-1]
    said = " ".join(str(error).split())
    what, _, remedy = said.partition(" - ") if isinstance(error, RallycrossError) else (said, "", "")
    kind = "" if isinstance(error, RallycrossError) else f"{type(error).__name__}: "
    if isinstance(error, ModuleNotFoundError) and error.name:
        remedy = f"install it, or import another file of the folder by `from .{error.name} import ...`"
    remedy = remedy or "correct the file; all others are used"
    return Broken(file, line, f"cannot be imported: {kind}{what}", remedy, frozenset(_texts(file)))


def _texts(file: str) -> Iterator[str]:
    """Yield the texts in a file; if it is not even Python, all words of it."""
    try:
        source = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        yield from source.replace('"', " ").replace("'", " ").replace(",", " ").split()
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


PLUGINS = _Plugins()
