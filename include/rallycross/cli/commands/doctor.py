"""Check this machine and this checkout; print what is wrong, and what to do."""

import argparse
import importlib.metadata
import sys

from rallycross.cli import machine
from rallycross.cli.airflow.api import AirflowDidNotAnswer
from rallycross.cli.airflow.this_server import airflow_server
from rallycross.cli.clouds import clouds
from rallycross.cli.console import console, print_json
from rallycross.cli.grid import Grid
from rallycross.cli.limits import limits
from rallycross.errors import RallycrossError
from rallycross.results.store import Store
from rallycross.settings import CHECKOUT, settings

_PACKAGES = ("apache-airflow", "apache-airflow-providers-ssh", "openstacksdk", "tempest", "pandas", "SQLAlchemy")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--deep", action="store_true", help="also check all stored data for consistency")
    add("--mend", action="store_true", help="repair what can be repaired of what --deep finds (also cleans clouds)")
    add("--json", action="store_true", help="as JSON on standard output")


def _version(package: str) -> str:
    """Return a package's version; some are missing where the core runs without Airflow."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed here"


def run(options: argparse.Namespace) -> int:
    """Print facts and problems; return 2 if there is a problem."""
    here = machine.look(CHECKOUT)
    facts = [
        ("Rallycross", importlib.metadata.version("rallycross")),
        ("Python", f"{sys.version.split()[0]} ({sys.executable})"),
        ("system", here.system),
        ("memory", f"{here.memory / 1e9:.1f} GB"),
        ("free on this disk", f"{here.disk_free / 1e9:.1f} GB"),
        *((name, _version(name)) for name in _PACKAGES),
        *((what, value) for what, value, _ in limits()),
    ]
    if not options.json:
        table = Grid("what", "value", header=False)
        for fact in facts:
            table.add_row(*fact)
        console.print(table)
    mended: list[str] = []
    wrong = [*machine.complaints(here), *_stores(), *_airflow(), *_clouds(), *_recipes()]
    if options.deep or options.mend:
        wrong += _deep(mended if options.mend else None)
    if options.json:
        print_json({"facts": dict(facts), "wrong": wrong, "mended": mended})
        return 2 if wrong else 0
    for done in mended:
        console.print(f"✓ mended: {done}", style="green")
    for complaint in wrong:
        console.print(f"✗ {complaint}", style="red")
    if not wrong:
        console.print("✓ nothing is wrong", style="green")
    return 2 if wrong else 0


def _deep(mended: list[str] | None) -> list[str]:
    """Return what is wrong with stored data; given a list, repair what can be repaired, and add it there."""
    from rallycross.cli import deep_check  # noqa: PLC0415 - imports Arrow, which nothing else here needs

    wrong = []
    try:
        for finding in deep_check.findings(Store.open(), settings()):
            if mended is None:
                wrong.append(f"{finding.part}: {finding.what}")
            elif left := deep_check.mended(finding):
                wrong.append(f"{finding.part}: {finding.what}; {left}")
            else:
                mended.append(f"{finding.part}: {finding.what}")
    except RallycrossError as error:
        wrong.append(str(error))
    return wrong


def _stores() -> list[str]:
    try:
        Store.open().clouds.all()
    except RallycrossError as error:
        return [str(error)]
    return []


def _airflow() -> list[str]:
    server = airflow_server()
    rows = server.states()
    found = [full] if (full := server.full()) else []
    if not rows:
        return found  # stopped is fine
    found += [
        f"Airflow's {name} is {state}: {detail}" + ("" if name == "supervisor" else f" - see ./rallycross logs {name}")
        for name, state, detail in rows
        if state not in {"RUNNING", "FULL"}
    ]
    try:
        broken = server.api().get("/importErrors")["import_errors"]
        found += [f"{row['filename']} cannot be imported:\n{row['stack_trace']}" for row in broken]
    except AirflowDidNotAnswer as error:
        found.append(str(error))
    return found


def _clouds() -> list[str]:
    return [
        f"cloud {cloud.name}: {name} is {state} {detail}"
        + (f" - see ./rallycross logs {cloud.name}/{name}" if name not in {"-", "deployment"} else "")
        for cloud in clouds()
        for name, state, detail in cloud.parts()
        if state not in {"RUNNING", "STOPPED", "stopped", "AT WORK"}
    ]


def _recipes() -> list[str]:
    from rallycross.scheduled_recipes import InvalidRecipe, scheduled_recipes  # noqa: PLC0415 - imports jsonschema

    return [one.error for one in scheduled_recipes(settings().recipes) if isinstance(one, InvalidRecipe)]
