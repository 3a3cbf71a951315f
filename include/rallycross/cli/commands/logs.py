"""Show the last lines of logs: of an Airflow component, of a cloud's services, or of all components.

NAME is a component (api-server, scheduler, dag-processor, triggerer), a CLOUD, or CLOUD/SERVICE.
"""

import argparse

from rallycross.cli.airflow.server import tail
from rallycross.cli.airflow.settings import COMPONENTS
from rallycross.cli.airflow.this_server import airflow_server
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console, print_json
from rallycross.cli.parser import add_json, whole
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.secret import shown_text

_MOST = 1_000_000  # lines of a log


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="whose log (default: a few lines of each component)")
    parser.add_argument("--lines", type=whole(1, _MOST), default=40, metavar="N", help="how many (default: 40)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the lines."""
    logs = _logs(options.name, options.lines)
    if options.json:
        print_json({"logs": [{"name": name, "file": file, "lines": _lines(text)} for name, file, text in logs]})
        return 0
    for _, file, text in logs:
        if file:
            console.print(f"==> {file}", style="bold")
        console.print(text or "(nothing yet)")
    return 0


def _lines(text: str) -> list[str]:
    """Return the lines of a log, masked as a whole: a secret may span lines."""
    return shown_text(text).splitlines()


def _logs(wanted: str | None, lines: int) -> list[tuple[str, str | None, str]]:
    """Return name, file and last lines of each log; the logs of a cloud's services are one text."""
    server = airflow_server()
    if wanted is None:
        return [(name, str(server.log_file(name)), tail(server.log_file(name), 5)) for name in COMPONENTS]
    if wanted in COMPONENTS:
        return [(wanted, str(server.log_file(wanted)), tail(server.log_file(wanted), lines))]
    cloud, _, service = wanted.partition("/")
    standing = {one.name: one for one in clouds()}
    if cloud not in standing:
        remedy = did_you_mean(wanted, [*COMPONENTS, *standing])
        raise RallycrossError(f"there is no log {wanted!r} - {remedy}")
    return [(wanted, None, standing[cloud].logs(service or None, lines=lines))]
