"""Measure the published figures of Rallycross on this machine, each next to a reference, in one run.

Without --cloud: figures of the load engine, next to Rally 5.1.1 (which is installed for this) and plain clients. With
--cloud: the accuracy of boot times, next to an independent observer, and lists per second, next to wrk (which must be
installed). The figures are meaningful only on an otherwise idle machine, except for `compare`: how often comparisons of
simulated runs are wrong. It takes minutes, and is measured only if it is named.
"""

import argparse
import subprocess
import sys

from rallycross.cli.named_cloud import named_cloud
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

COMPARE = "compare"
FIGURES = ("no-op", "users", "client", "fixed", "start", "rate", "million")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--only", nargs="+", choices=(*FIGURES, COMPARE), default=list(FIGURES), help="figures to measure"
    )
    parser.add_argument("--no-rally", action="store_true", help="measure without Rally")
    parser.add_argument("--cloud", metavar="NAME", help="measure the figures that need a cloud, on this one")


def run(options: argparse.Namespace) -> int:
    """Run the programs; return their highest exit code."""
    folder = CHECKOUT / "tests/benchmarks"
    if options.cloud is not None:
        named_cloud(options.cloud, Store.open())  # raises for an unknown name before anything is started
        commands = [["on_a_cloud.py", figure, "--cloud", options.cloud] for figure in ("boot", "list")]
    else:
        commands = [["comparison.py"]] if COMPARE in options.only else []
        if of_the_engine := [figure for figure in options.only if figure != COMPARE]:
            commands.append(["engine.py", "--only", *of_the_engine, *(["--no-rally"] if options.no_rally else [])])
    return max(
        subprocess.run([sys.executable, str(folder / name), *more], check=False).returncode for name, *more in commands
    )
