"""Measure the published figures of Rallycross on this machine, each next to a reference, in one run.

Without --cloud: figures of the load engine, next to Rally 5.1.1 (which is installed for this) and plain clients. With
--cloud: the accuracy of boot times, next to an independent observer; lists per second, next to wrk (which must be
installed); and ten common scenarios, next to Rally. The figures are meaningful only on an otherwise idle machine,
except for those of simulated runs: `compare`, how often comparisons are wrong, and `changes`, how often change
detection is, next to Apache Otava. These take minutes, and are measured only if they are named.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from rallycross.cli.named_cloud import named_cloud
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

SIMULATED = {"compare": "comparison.py", "changes": "change_detection.py"}
FIGURES = ("no-op", "users", "client", "ledger", "fixed", "start", "rate", "million")
ON_A_CLOUD = ("boot", "list", "rally")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    of_cloud = ", ".join(ON_A_CLOUD)
    help_ = f"figures to measure; with --cloud: {of_cloud}"
    parser.add_argument("--only", nargs="+", choices=(*FIGURES, *SIMULATED, *ON_A_CLOUD), help=help_)
    parser.add_argument("--no-rally", action="store_true", help="measure without Rally")
    parser.add_argument("--cloud", metavar="NAME", help="measure the figures that need a cloud, on this one")


def run(options: argparse.Namespace) -> int:
    """Run the programs; return their highest exit code."""
    folder = CHECKOUT / "tests/benchmarks"
    commands = _without_a_cloud(options) if options.cloud is None else _on_a_cloud(options)
    return max(
        subprocess.run([sys.executable, str(folder / name), *more], check=False).returncode for name, *more in commands
    )


def _without_a_cloud(options: argparse.Namespace) -> list[list[str]]:
    """Return the programs, with their arguments, that measure what needs no cloud."""
    wanted = _wanted(options, FIGURES, (*FIGURES, *SIMULATED), "needs a cloud - add --cloud NAME")
    commands = [[program] for figure, program in SIMULATED.items() if figure in wanted]
    if of_the_engine := [figure for figure in wanted if figure not in SIMULATED]:
        commands.append(["engine.py", "--only", *of_the_engine, *(["--no-rally"] if options.no_rally else [])])
    return commands


def _on_a_cloud(options: argparse.Namespace) -> list[list[str]]:
    """Return the programs, with their arguments, that measure on a cloud; raise an error for an unknown cloud."""
    usual = [figure for figure in ON_A_CLOUD if not (options.no_rally and figure == "rally")]
    wanted = _wanted(options, usual, ON_A_CLOUD, "needs no cloud - leave --cloud out")
    named_cloud(options.cloud, Store.open())
    programs = {"rally": ["rally_on_a_cloud.py"]}
    return [[*programs.get(figure, ["on_a_cloud.py", figure]), "--cloud", options.cloud] for figure in wanted]


def _wanted(options: argparse.Namespace, usual: Sequence[str], possible: Sequence[str], other: str) -> Sequence[str]:
    """Return the figures that are asked for, or the usual ones; `other` says what is wrong with one not possible."""
    for figure in options.only or ():
        if figure not in possible:
            raise RallycrossError(f"--only {figure}: {other}")
    return options.only or usual
