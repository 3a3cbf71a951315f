"""Take the figures that are stated of Rallycross, each beside what it is held against, in one run on this machine.

Without --cloud those of the load engine, beside Rally 5.1.1, which is installed for that, and bare clients; with it
those on a cloud: how true boot times are, beside an independent observer, and how many lists a second, beside wrk
(which must be there). They are worth what the machine's quiet is worth: run them alone.
"""

import argparse
import subprocess
import sys

from rallycross.cli.named_cloud import named_cloud
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

FIGURES = ("no-op", "users", "client", "fixed", "start", "rate", "million")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--only", nargs="+", choices=FIGURES, default=list(FIGURES), help="the engine's figures to take"
    )
    parser.add_argument("--no-rally", action="store_true", help="leave Rally out")
    parser.add_argument("--cloud", metavar="NAME", help="take the figures that need a cloud, on this one")


def run(options: argparse.Namespace) -> int:
    """Run the programs; the highest of their exit codes is ours."""
    folder = CHECKOUT / "tests/benchmarks"
    if options.cloud is not None:
        named_cloud(options.cloud, Store.open())  # complains of a name before anything is begun
        commands = [["on_a_cloud.py", figure, "--cloud", options.cloud] for figure in ("boot", "list")]
    else:
        commands = [["engine.py", "--only", *options.only, *(["--no-rally"] if options.no_rally else [])]]
    return max(
        subprocess.run([sys.executable, str(folder / name), *more], check=False).returncode for name, *more in commands
    )
