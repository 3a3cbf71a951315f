"""Deploy, check, list or destroy a cloud without a run.

create SPEC    makes the cloud of a spec stand, and registers it: the next run takes it as it is
check SPEC     says whether the cloud of a spec stands, and whether all of its services run
list           names the clouds, with their engine and where they are
destroy SPEC   ends a cloud and deletes what it holds; its results stay

SPEC is a file; for `check` and `destroy` the name of a cloud will do.
"""

import argparse
from uuid import uuid4

from rich.table import Table

from rallycross import lifecycle
from rallycross.cli.clouds import StandingCloud, clouds
from rallycross.cli.console import console, tell_step
from rallycross.cli.given import given_file
from rallycross.deployment import load_spec
from rallycross.errors import RallycrossError
from rallycross.lifecycle import root_of
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.yamlfile import source


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|check|list|destroy")
    for name, act in (("create", _create), ("check", _check), ("list", _list), ("destroy", _destroy)):
        verb = verbs.add_parser(name)
        verb.set_defaults(act=act)
        if name != "list":
            verb.add_argument("spec", metavar="SPEC")


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    return int(options.act(options))


def _create(options: argparse.Namespace) -> int:
    text, file = source(given_file(options.spec))
    spec = load_spec(text, file=file)
    name = lifecycle.deploy(spec, Store.open(), settings(), uuid=str(uuid4()), tell=tell_step)
    console.print(f"cloud {name} stands; OS_CLIENT_CONFIG_FILE={settings().clouds_yaml}")
    return 0


def _check(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    services = cloud.services()
    bad = [service for service in services if service.state != "RUNNING"]
    for service in bad:
        console.print(f"{service.name} is {service.state}: {service.detail}")
    if not services or bad:
        raise RallycrossError(f"cloud {cloud.name} does not stand - make it: ./rallycross cloud create SPEC")
    console.print(f"cloud {cloud.name} stands: {len(services)} services run")
    return 0


def _list(_: argparse.Namespace) -> int:
    table = Table("name", "engine", "root", box=None)
    for cloud in clouds():
        table.add_row(cloud.name, cloud.spec.engine, cloud.root)
    console.print(table)
    return 0


def _destroy(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    cloud.destroy(tell_step)
    console.print(f"cloud {cloud.name} is destroyed")
    return 0


def _named(given: str) -> StandingCloud:
    """Return the cloud of a name, or of a spec's file."""
    for cloud in clouds():
        if cloud.name == given:
            return cloud
    text, file = source(given_file(given))
    spec = load_spec(text, file=file)
    return StandingCloud(spec.name, spec, root_of(settings(), spec.name))
