"""Check this machine and this checkout, and say what to do about what is wrong."""

import argparse
import importlib.metadata
import sys

from rallycross.cli import machine
from rallycross.cli.airflow_api import AirflowDidNotAnswer
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console
from rallycross.cli.grid import Grid
from rallycross.cli.limits import limits
from rallycross.cli.this_server import airflow_server
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT

_PACKAGES = ("apache-airflow", "apache-airflow-providers-ssh", "openstacksdk", "tempest", "pandas", "SQLAlchemy")


def configure(_: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(_: argparse.Namespace) -> int:
    """Print what was looked at; 2 when something is wrong."""
    here = machine.look(CHECKOUT)
    facts = [
        ("Rallycross", importlib.metadata.version("rallycross")),
        ("Python", f"{sys.version.split()[0]} ({sys.executable})"),
        ("system", here.system),
        ("memory", f"{here.memory / 1e9:.1f} GB"),
        ("free on this disk", f"{here.disk_free / 1e9:.1f} GB"),
        *((name, importlib.metadata.version(name)) for name in _PACKAGES),
        *((what, value) for what, value, _ in limits()),
    ]
    table = Grid("what", "value", header=False)
    for fact in facts:
        table.add_row(*fact)
    console.print(table)
    wrong = [*machine.complaints(here), *_stores(), *_airflow(), *_clouds()]
    for complaint in wrong:
        console.print(f"✗ {complaint}", style="red")
    if not wrong:
        console.print("✓ nothing is wrong", style="green")
    return 2 if wrong else 0


def _stores() -> list[str]:
    try:
        Store.open().clouds()
    except RallycrossError as error:
        return [str(error)]
    return []


def _airflow() -> list[str]:
    server = airflow_server()
    rows = server.seen()
    if not rows:
        return []  # stopped is fine
    found = [
        f"Airflow's {name} is {state}: {detail}" + ("" if name == "supervisor" else f" - see ./rallycross logs {name}")
        for name, state, detail in rows
        if state != "RUNNING"
    ]
    try:
        broken = server.api().get("/importErrors")["import_errors"]
        found += [f"{row['filename']} cannot be imported:\n{row['stack_trace']}" for row in broken]
    except AirflowDidNotAnswer as error:
        found.append(str(error))
    return found


def _clouds() -> list[str]:
    return [
        f"cloud {cloud.name}: {service.name} is {service.state} {service.detail}"
        f" - see ./rallycross logs {cloud.name}/{service.name}"
        for cloud in clouds()
        for service in cloud.services()
        if service.state not in {"RUNNING", "STOPPED"}
    ]
