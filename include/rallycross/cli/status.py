"""Show what runs, where it is, and which limits are in force."""

import argparse

from rallycross.cli.clouds import clouds
from rallycross.cli.console import console
from rallycross.cli.grid import Grid
from rallycross.cli.limits import limits
from rallycross.cli.this_server import airflow_server
from rallycross.cli.up import login


def configure(_: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(_: argparse.Namespace) -> int:
    """Print a table for Airflow, one for each cloud, and one of paths and limits."""
    server = airflow_server()
    rows = server.seen()
    console.print(_table("Airflow", rows or [("-", "stopped", "start it with: ./rallycross up")]))
    if rows:
        console.print(f"  {login(server)}\n")
    for cloud in clouds():
        services = [(service.name, service.state, service.detail) for service in cloud.services()]
        console.print(_table(f"Cloud {cloud.name}", services or [("-", "stopped", "the next run starts it")]))
    table = Grid("setting", "value", "changed by", title="Paths and limits")
    for row in limits():
        table.add_row(*row)
    console.print(table)
    return 0


def _table(title: str, rows: list[tuple[str, str, str]]) -> Grid:
    table = Grid("name", "state", "detail", title=title)
    for name, state, detail in rows:
        table.add_row(name, state, detail, style="" if state == "RUNNING" else "yellow")
    return table
