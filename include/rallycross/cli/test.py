"""Run everything that is held to be true: lint, types, import contracts, and all tests.

The core's tests run in an environment of their own, without Airflow. Every part runs, also after one has failed.
"""

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rallycross import uv
from rallycross.cli.console import console, duration
from rallycross.settings import CHECKOUT, settings

_COUNT = re.compile(r"(\d+) (\w+)")
# The words of pytest's last line, and what they count as.
_KINDS = {
    "passed": "passed",
    "xfailed": "passed",
    "failed": "failed",
    "xpassed": "failed",
    "error": "failed",
    "errors": "failed",
    "skipped": "skipped",
}


@dataclass(frozen=True)
class Part:
    """One part of the whole; it is passed when all its commands end with 0."""

    name: str
    commands: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Result:
    """How a part ended. Checks that are not pytest's count as one test each."""

    name: str
    seconds: float
    code: int
    passed: int
    failed: int
    skipped: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="leave out what needs a whole embedded cloud")
    size.add_argument("--full", action="store_true", help="with what takes many minutes more, such as long deployments")
    parser.add_argument("--durations", type=int, default=0, metavar="N", help="show the N slowest tests of each part")


def run(options: argparse.Namespace) -> int:
    """Run all parts, one after another; 1 when one failed."""
    results = [_run(part) for part in parts(quick=options.quick, full=options.full, durations=options.durations)]
    console.print()
    for result in results:
        word, style = ("passed", "green") if result.code == 0 else ("FAILED", "red")
        counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
        console.print(f"{word}  {result.name:<32} {duration(result.seconds):>10}  {counts}", style=style)
    passed, failed, skipped = (sum(getattr(one, name) for one in results) for name in ("passed", "failed", "skipped"))
    console.print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if any(result.code for result in results) else 0


def parts(*, quick: bool, full: bool = False, durations: int = 0) -> list[Part]:
    """Return what is to be run, in order: what fails fast comes first."""
    here = Path(sys.executable).parent
    core = settings().home / "venv-core"
    options = ("-q", f"--durations={durations}") if durations else ("-q",)

    def pytest(python: Path, *arguments: str) -> tuple[str, ...]:
        return (str(python), "-m", "pytest", *options, *arguments)

    found = [
        Part("lint", ((str(here / "ruff"), "check", "."), (str(here / "ruff"), "format", "--check", "."))),
        Part("types", ((str(here / "mypy"),),)),
        Part("import contracts", ((str(here / "lint-imports"),),)),
        Part(
            "core, without Airflow",
            (*_core_environment(core), pytest(core / "bin/python", "-m", "not e2e and not full", "tests/core")),
        ),
        Part("Airflow layer", (pytest(here / "python", "-m", "not e2e and not full", "tests/airflow"),)),
    ]
    if not quick:
        found.append(Part("end to end", (pytest(here / "python", "-m", "e2e and not full", "tests"),)))
    if full:
        found.append(Part("full", (pytest(here / "python", "-m", "full", "tests"),)))
    return found


def _core_environment(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Return the commands that make the environment without Airflow; they cost a second when it is there."""
    python = str(folder / "bin/python")
    install = (uv.PROGRAM, "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
    pinned = ("--constraint", "requirements.txt", "--constraint", "requirements-dev.txt")
    return (
        # With pip, which is asked for its mirror.
        (uv.PROGRAM, "venv", "--quiet", "--allow-existing", "--seed", "--python", sys.executable, str(folder)),
        (*install, *pinned, "--editable", ".", "--group", "dev"),
        (python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('airflow') is not None)"),
    )


def _run(part: Part) -> Result:
    """Run a part's commands until one fails, passing on what they print."""
    began = time.monotonic()
    console.print(f"\n── {part.name}", style="bold")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    code, counted = 0, False
    for command in part.commands:
        code, last = _stream(command)
        for number, word in _COUNT.findall(last) if "pytest" in command else ():
            counted = True
            if kind := _KINDS.get(word):
                counts[kind] += int(number)
        if code:
            break
    if not counted or (code and not counts["failed"]):
        counts["failed" if code else "passed"] += 1
    return Result(part.name, time.monotonic() - began, code, **counts)


def _stream(command: tuple[str, ...]) -> tuple[int, str]:
    """Run a command in the checkout; return its exit code and the last line that it printed."""
    last = ""
    try:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=uv.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except FileNotFoundError as error:
        console.print(f"{error} - run it by ./rallycross test, which installs what tests need")
        return 127, ""
    with process:
        for line in process.stdout or ():
            console.print(line.rstrip("\n"))
            last = line.strip() or last
    return process.returncode, last
