"""What `./rallycross test` runs: parts made of commands, in lanes that run side by side."""

import sys
from dataclasses import dataclass
from pathlib import Path

from rallycross import uv
from rallycross.settings import settings

# Tests that wait leave a processor to others: more workers than processors.
CORE_WORKERS = 3
AIRFLOW_WORKERS = 3


@dataclass(frozen=True)
class Part:
    """One part of the suite. It has passed when each of its commands ends with 0.

    Parts of one lane run one after another; lanes run side by side. `junit` is where pytest says what its tests did.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    lane: str = "core"
    junit: Path | None = None


def parts(*, quick: bool, full: bool = False, workers: int = CORE_WORKERS) -> list[Part]:
    """Return what is to be run; in each lane, what fails fast comes first."""
    here = Path(sys.executable).parent
    core = settings().home / "venv-core"
    fast = "not full and not e2e" if quick else "not full"
    found = [
        # Beside Airflow's tests, which end first.
        Part(
            "lint",
            ((str(here / "ruff"), "check", "."), (str(here / "ruff"), "format", "--check", ".")),
            lane="airflow",
        ),
        Part("types", ((str(here / "mypy"),),), lane="airflow"),
        Part("import contracts", ((str(here / "lint-imports"),),), lane="airflow"),
        _pytest(
            "core, without Airflow",
            core / "bin/python",
            fast,
            "tests/core",
            workers=workers,
            before=_core(core),
            # Property-based tests have the same examples in each run, but for this one: see tests/conftest.py.
            options=("--hypothesis-profile", "new-examples") if full else (),
        ),
        _pytest(
            "Airflow layer",
            here / "python",
            fast,
            "tests/airflow",
            workers=min(workers, AIRFLOW_WORKERS),
            lane="airflow",
        ),
    ]
    if not quick:
        found.append(_pytest("end to end", here / "python", fast, "tests/e2e", lane="cloud"))
    if full:
        # After the rest: it takes the whole machine.
        found.append(_pytest("full", here / "python", "full", "tests", lane="cloud"))
    return found


def _pytest(
    name: str,
    python: Path,
    mark: str,
    folder: str,
    *,
    lane: str = "core",
    workers: int = 1,
    before: tuple[tuple[str, ...], ...] = (),
    options: tuple[str, ...] = (),
) -> Part:
    junit = settings().home / "test" / f"{name.split(',', maxsplit=1)[0].replace(' ', '-').lower()}.xml"
    # A file stays on one worker: its fixtures, an Airflow or hosts of its own, are made once. Files keep their order:
    # xdist would put those of few tests last, and some of these take the longest.
    side_by_side = ("-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder") if workers > 1 else ()
    tests = (str(python), "-m", "pytest", "-q", *side_by_side, *options, f"--junitxml={junit}", "-m", mark, folder)
    command = (str(python), "-m", "rallycross.cli.suite.orphans", *tests)
    return Part(name, (*before, command), lane, junit)


def _core(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Return the commands that make the environment without Airflow; they cost a second when it is there."""
    python = str(folder / "bin/python")
    install = (uv.PROGRAM, "pip", "install", "--quiet", "--python", python)
    pinned = ("--constraint", "requirements.txt", "--constraint", "requirements-dev.txt")
    return (
        # With pip, which is asked for its mirror.
        (uv.PROGRAM, "venv", "--quiet", "--allow-existing", "--seed", "--python", sys.executable, str(folder)),
        (*install, *pinned, "--editable", ".", "--group", "dev"),
        (python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('airflow') is not None)"),
    )
