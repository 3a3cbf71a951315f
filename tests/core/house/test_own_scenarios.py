"""Files outside of the checkout add scenarios, contexts and SLA criteria."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rallycross.settings import CHECKOUT, settings

PAGE = (CHECKOUT / "docs/scenarios.md").read_text()
HELLO, HELLO_TASK = (
    re.search(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for kind in ("python", "yaml")
)
MORE = '''
from typing import Any

from rallycross.context.context import ContextAdmin, ContextData, context
from rallycross.judging.batch import Batch
from rallycross.judging.sla.criterion import Criterion, criterion
from rallycross.results.sla_row import SlaRow
from rallycross.scenario.scenario import scenario
from rallycross.load.iteration import Iteration
from rallycross.task.known import Needs

from .words import word


@context("my_words", order=100, schema={"type": "object"}, needs=Needs(cloud=False))
class Words:
    """Puts a word where iterations find it."""

    def __init__(self, config: Any, data: ContextData, admin: ContextAdmin) -> None:
        self.data = data

    def set_up(self) -> None:
        """Put it."""
        self.data.shared["word"] = word()

    def clean_up(self) -> None:
        """Leave nothing."""


@criterion
class MostIterations(Criterion):
    """At most so many iterations."""

    name = "my_most"

    @staticmethod
    def complain(argument: Any) -> str | None:
        """Require a whole number."""
        return None if isinstance(argument, int) else "must be a whole number"

    def __init__(self, argument: Any) -> None:
        self.most, self.count = argument, 0

    def add(self, batch: Batch) -> None:
        """Count."""
        self.count += len(batch)

    def merge(self, other: "MostIterations") -> None:
        """Add."""
        self.count += other.count

    def close(self) -> SlaRow:
        """Tell."""
        return SlaRow(self.name, self.count <= self.most, f"{self.count} iterations")

    def hopeless(self, expected: int | None) -> bool:
        """Tell."""
        return self.count > self.most
'''
WORDS = "def word() -> str:\n    return 'hello'\n"
ONE = """from rallycross.load.iteration import Iteration
from rallycross.scenario.scenario import scenario


@scenario("{name}")
async def one(iteration: Iteration) -> None:
    'Do it.'
"""
ABSTRACT = """from rallycross.judging.sla.criterion import Criterion, criterion


@criterion
class Half(Criterion):
    name = "my_half"
"""
# What cannot be imported, and what is told of it: place, reason, remedy.
BROKEN = {
    "raises.py": (
        ONE.format(name="Mine.raises") + "from .words import word\n1 / 0\n",
        r"raises\.py:9: cannot be imported: ZeroDivisionError: division by zero - correct the file",
    ),
    "syntax.py": ("@scenario('Mine.syntax'\n", r"syntax\.py:1: cannot be imported: SyntaxError: .* - correct the file"),
    "taken.py": (
        ONE.format(name="Dummy.dummy"),
        r"taken\.py:5: cannot be imported: .*'Dummy\.dummy' is defined twice - rename one",
    ),
    "lacks.py": ("import words\n", r"lacks\.py:1: .*No module named 'words' - .*`from \.words import \.\.\.`"),
    "exits.py": ("import sys\nsys.exit('no')\n", r"exits\.py:2: cannot be imported: SystemExit: no - correct the file"),
    "abstract.py": (
        ABSTRACT,
        r"abstract\.py:4: .*the criterion my_half lacks __init__, add, close, complain, hopeless, merge",
    ),
}


@pytest.fixture(name="own")
def _own(tmp_path: Path) -> Path:
    """Return a folder with the page's first scenario, a context and a criterion."""
    folder = tmp_path / "own"
    folder.mkdir()
    assert HELLO is not None
    (folder / "hello.py").write_text(HELLO[1])
    (folder / "more.py").write_text(MORE)
    (folder / "words.py").write_text(WORDS)
    return folder


def command(
    home: Path, *arguments: str, folders: str, text: str = "", **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command with folders of one's own, until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "rallycross.cli", *arguments],
        env={**os.environ, "RALLYCROSS_HOME": str(home), "RALLYCROSS_SCENARIOS": folders, **more},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def listed(home: Path, folders: str, **more: str) -> tuple[set[str], str]:
    """Return the scenarios that the command lists, and what it warns of."""
    ran = command(home, "scenarios", "--json", folders=folders, **more)
    found: dict[str, Any] = json.loads(ran.stdout)
    return {one["scenario"] for one in found["scenarios"]}, ran.stderr


def test_the_first_scenario_of_the_page_runs_outside_of_the_checkout(tmp_path: Path, own: Path) -> None:
    """The page's first files, as a new user would write them, are listed, planned and run by load processes."""
    assert HELLO_TASK is not None
    names, warned = listed(tmp_path / "home", str(own))
    assert ("Hello.greet" in names, warned) == (True, "")
    ran = command(tmp_path / "home", "run", "-", folders=str(own), text=HELLO_TASK[1])
    assert "100 iterations" in ran.stdout + ran.stderr or ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(("most", "code"), [(10, 0), (3, 1)])
def test_contexts_and_criteria_of_a_folder_are_used(tmp_path: Path, own: Path, most: int, code: int) -> None:
    """A task can name a context and a criterion of the folder, and the criterion decides."""
    task = {
        "version": 2,
        "title": "t",
        "subtasks": [
            {
                "title": "s",
                "scenario": {"Hello.greet": {"name": "world"}},
                "runner": {"constant": {"times": 10, "concurrency": 2}},
                "contexts": {"my_words": {}},
                "sla": {"my_most": most},
            }
        ],
    }
    ran = command(tmp_path / "home", "run", "-", folders=str(own), text=json.dumps(task))
    assert "my_most" in ran.stdout, ran.stderr
    assert "10 iterations" in ran.stdout
    assert ran.returncode == code or "INVALID" in ran.stdout, ran.stderr


def test_a_file_that_cannot_be_imported_is_told_and_costs_nothing_else(tmp_path: Path, own: Path) -> None:
    """Each broken file is a warning with file, line and reason; all other files and all of Rallycross are there."""
    before, _ = listed(tmp_path / "home", "")
    for name, (text, _) in BROKEN.items():
        (own / name).write_text(text)
    (own / "aside").mkdir()
    (own / "aside/more.py").touch()
    names, warned = listed(tmp_path / "home", f"{own}:{tmp_path / 'nowhere'}")
    assert names == before | {"Hello.greet"}
    for _, told in BROKEN.values():
        assert re.search(rf"^warning: {own}/{told}", warned, re.MULTILINE), (told, warned)
    assert f"{own}/aside: is not a package, so its files are not read - add an __init__.py" in warned
    assert f"{tmp_path}/nowhere: cannot be read: No such file or directory - correct RALLYCROSS_SCENARIOS" in warned
    assert len(warned.strip().splitlines()) == len(BROKEN) + 2


@pytest.mark.parametrize("file", ["raises.py", "syntax.py"])
def test_a_task_that_needs_a_broken_file_is_told_so(tmp_path: Path, own: Path, file: str) -> None:
    """The complaint about a name that only a broken file has is the reason why it could not be imported."""
    text, told = BROKEN[file]
    (own / file).write_text(text)
    name = f"Mine.{file.removesuffix('.py')}"
    task = {"version": 2, "title": "t", "subtasks": [{"title": "s", "scenario": {name: {}}}]}
    ran = command(tmp_path / "home", "plan", "-", folders=str(own), text=json.dumps(task))
    assert ran.returncode == 2
    assert re.search(rf"the scenario '{name}' is missing: {own}/{told.replace(': cannot', ' cannot')}", ran.stderr), (
        ran.stderr
    )


def test_an_installed_package_adds_scenarios(tmp_path: Path, own: Path) -> None:
    """All modules of a package that an entry point names are read; one that does not exist is told."""
    site = tmp_path / "site"
    (site / "greetings").mkdir(parents=True)
    (site / "greetings/__init__.py").touch()
    (own / "hello.py").rename(site / "greetings/hello.py")
    info = site / "greetings-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greetings\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rallycross.plugins]\nmine = greetings\nnone = greetings.nothing\n")
    names, warned = listed(tmp_path / "home", "", PYTHONPATH=str(site))
    assert "Hello.greet" in names
    assert "entry point none of the package greetings: cannot be imported: ModuleNotFoundError" in warned


def test_folders_are_separated_as_paths_are() -> None:
    """The setting names several folders; without it there is none."""
    assert settings({"RALLYCROSS_SCENARIOS": "/a:/b"}).scenarios == (Path("/a"), Path("/b"))
    assert settings({}).scenarios == ()
