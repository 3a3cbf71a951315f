"""Show what runs and where, and the limits in force."""

import argparse
from typing import Any

from rallycross.cli.airflow.server import AirflowServer
from rallycross.cli.airflow.this_server import airflow_server, login
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console, print_json
from rallycross.cli.grid import Grid
from rallycross.cli.limits import limits
from rallycross.cli.parser import add_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print a table for Airflow, one per cloud, and one of paths and limits."""
    server = airflow_server()
    rows = server.states()
    if options.json:
        print_json(_data(server, rows))
        return 0
    console.print(_table("Airflow", rows or [("-", "stopped", "start it with: ./rallycross up")]))
    if rows:
        console.print(f"  {login(server)}\n")
    for cloud in clouds():
        console.print(_table(f"Cloud {cloud.name}", cloud.parts()))
    table = Grid("setting", "value", "changed by", title="Paths and limits")
    for row in limits():
        table.add_row(*row)
    console.print(table)
    return 0


def _data(server: AirflowServer, rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Return the status for `--json`."""
    parts = [{"name": name, "state": state, "detail": detail} for name, state, detail in rows]
    return {
        "airflow": {"url": server.url if rows else None, "components": parts},
        "clouds": [
            {
                "name": cloud.name,
                "services": [
                    {"name": name, "state": state, "detail": detail}
                    for name, state, detail in cloud.parts()
                    if name != "-"
                ],
            }
            for cloud in clouds()
        ],
        "settings": [{"setting": what, "value": value, "changed_by": by} for what, value, by in limits()],
    }


def _table(title: str, rows: list[tuple[str, str, str]]) -> Grid:
    table = Grid("name", "state", "detail", title=title)
    for name, state, detail in rows:
        table.add_row(name, state, detail, style="" if state == "RUNNING" else "yellow")
    return table
