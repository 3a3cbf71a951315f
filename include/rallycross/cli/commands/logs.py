"""Show the last lines of a log: of a component of Airflow, of a cloud's service, or of all at a glance.

NAME is a component (api-server, scheduler, dag-processor, triggerer), or CLOUD or CLOUD/SERVICE of a cloud.
"""

import argparse

from rallycross.cli.airflow.server import tail
from rallycross.cli.airflow.settings import COMPONENTS
from rallycross.cli.airflow.this_server import airflow_server
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console
from rallycross.cli.parser import whole
from rallycross.errors import RallycrossError, did_you_mean

_MOST = 1_000_000  # lines of a log


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="whose log (default: a few lines of each component)")
    parser.add_argument("--lines", type=whole(1, _MOST), default=40, metavar="N", help="how many (default: 40)")


def run(options: argparse.Namespace) -> int:
    """Print the lines."""
    server = airflow_server()
    if options.name is None:
        for name in COMPONENTS:
            console.print(f"==> {server.log_file(name)}", style="bold")
            console.print(tail(server.log_file(name), 5) or "(nothing yet)")
        return 0
    if options.name in COMPONENTS:
        console.print(f"==> {server.log_file(options.name)}", style="bold")
        console.print(tail(server.log_file(options.name), options.lines) or "(nothing yet)")
        return 0
    cloud, _, service = options.name.partition("/")
    standing = {one.name: one for one in clouds()}
    if cloud not in standing:
        remedy = did_you_mean(options.name, [*COMPONENTS, *standing])
        raise RallycrossError(f"no log is named {options.name!r} - {remedy}")
    console.print(standing[cloud].logs(service or None, lines=options.lines))
    return 0
