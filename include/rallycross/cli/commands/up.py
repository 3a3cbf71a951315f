"""Start Airflow on this machine and wait until it is healthy."""

import argparse
import os
import time

from rallycross.cli.airflow.server import AirflowServer
from rallycross.cli.airflow.this_server import airflow_server, login
from rallycross.cli.console import console, note
from rallycross.cli.parser import number
from rallycross.settings import settings

_LONGEST = 86_400.0  # seconds; the upper bound of --limit


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--limit",
        type=number(1, _LONGEST),
        default=settings().start_limit,
        metavar="SECONDS",
        help="longest wait while there is progress (default: RALLYCROSS_START_LIMIT, %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """Start Airflow unless it runs."""
    server = airflow_server()
    started = start(server, limit=options.limit)
    console.print(f"Airflow {'is up' if started else 'was up already'}: {login(server)}")
    return 0


def start(server: AirflowServer, *, limit: float | None = None) -> bool:
    """Start Airflow unless it runs, with progress lines. Return whether it was started."""
    began = time.monotonic()
    limit = settings().start_limit if limit is None else limit
    started = server.up(dict(os.environ), limit=limit, tell=lambda text: note(text, began))
    if started:
        note("Airflow is healthy", began)
    return started
