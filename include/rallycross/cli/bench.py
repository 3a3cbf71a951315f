"""Take the figures that are stated of Rallycross, each beside what it is held against, in one run on this machine.

engine    the load engine, beside Rally 5.1.1 and bare clients (--only no-op users client fixed start rate million)
boot      with --cloud: how true boot times are, beside an independent observer
list      with --cloud: how many lists a second, beside wrk (which must be installed)

They are worth what the machine's quiet is worth: run them alone.
"""

import argparse
import subprocess
import sys

from rallycross.settings import CHECKOUT


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--cloud", metavar="NAME", help="take the figures that need a cloud, on this one")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="what the program itself takes")


def run(options: argparse.Namespace) -> int:
    """Run the program; its exit code is ours."""
    folder = CHECKOUT / "tests/benchmarks"
    if options.cloud:
        commands = [["on_a_cloud.py", "boot"], ["on_a_cloud.py", "list"]]
    else:
        commands = [["engine.py", *options.rest]]
    codes = [
        subprocess.run([sys.executable, str(folder / name), *more], check=False).returncode for name, *more in commands
    ]
    return max(codes)
