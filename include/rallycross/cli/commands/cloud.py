"""Deploy, look at, use or destroy a cloud without a run.

create SPEC    makes the cloud of a spec stand, and registers it: the next run takes it as it is
list           names the clouds, with their engine, their state and where they are
show NAME      says what is known of a cloud: its steps with their times and logs, and what it has left
check NAME     says whether a cloud stands, and whether all of its services run
export NAME    prints a cloud's entries of clouds.yaml, or (--openrc) the variables of its administrator
destroy NAME   ends a cloud and deletes what it holds, by the ledger; its results stay

SPEC is a file, also one of Rally's; where a NAME is asked for, the file of its spec will do.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote
from typing import Any
from uuid import uuid4

import yaml

from rallycross import lifecycle
from rallycross.cli.clouds import StandingCloud, clouds
from rallycross.cli.console import console, print_json, progress, write_raw
from rallycross.cli.given import given_text
from rallycross.cli.grid import Grid
from rallycross.cli.parser import add_json
from rallycross.cli.steps import StepLines
from rallycross.cloud.variables import entry_from_variables
from rallycross.deployment import CloudSpec, Service, load_spec
from rallycross.deployment.rally import translated
from rallycross.errors import RallycrossError, did_you_mean
from rallycross.lifecycle import StoredLedger, root_of
from rallycross.results.models import DeploymentRow, StepRow
from rallycross.results.store import Store
from rallycross.settings import settings
from rallycross.views.wording import duration
from rallycross.yamlfile import parse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|show|check|export|destroy")
    acts = {
        "create": _create,
        "list": _list,
        "show": _show,
        "check": _check,
        "export": _export,
        "destroy": _destroy,
    }
    for name, act in acts.items():
        verb = verbs.add_parser(name)
        verb.set_defaults(act=act)
        if name == "create":
            verb.add_argument("spec", metavar="SPEC", nargs="?")
            verb.add_argument("--from-sysenv", action="store_true", help="the cloud that the OS_ variables name")
            verb.add_argument("--name", help="the cloud's name, where it is not in the spec (default: existing)")
        elif name != "list":
            verb.add_argument("spec", metavar="NAME")
        if name in {"list", "show", "check"}:
            add_json(verb)
        if name == "export":
            verb.add_argument("--openrc", action="store_true", help="variables for a shell, in the place of YAML")


def run(options: argparse.Namespace) -> int:
    """Carry out the verb."""
    return int(options.act(options))


def _create(options: argparse.Namespace) -> int:
    spec, store = _wanted(options), Store.open()
    uuid = str(uuid4())
    try:
        with StepLines(store.deployments.usual_seconds(spec.engine, cloud=spec.name)) as lines:
            name = lifecycle.deploy(spec, store, settings(), uuid=uuid, tell=lines)
    except KeyboardInterrupt:
        progress.print(
            f"cloud {spec.name}: interrupted: the steps above say which were ended and which go on; what is done stays"
            f" - go on: ./rallycross cloud create SPEC; take it back: ./rallycross cloud destroy {spec.name}"
        )
        raise
    if spec.engine != "existing":  # which signs in itself
        console.print(f"cloud {name} is deployed; is it in reach?")
        _complain(name, _named(name).answers())
    console.print(f"cloud {name} stands; OS_CLIENT_CONFIG_FILE={settings().clouds_yaml}")
    return 0


def _wanted(options: argparse.Namespace) -> CloudSpec:
    """Return the spec that was given, or the one that the environment stands for."""
    if options.from_sysenv == bool(options.spec):
        raise RallycrossError("give the file of a cloud spec, or --from-sysenv")
    if options.from_sysenv:
        data = {"name": options.name or "existing", "engine": "existing", **entry_from_variables(os.environ)}
        for key in {"cacert", "cert", "key"} & data.keys():  # from the current folder, as openstackclient has it
            data[key] = str(Path(data[key]).expanduser().absolute())
        return load_spec(yaml.safe_dump(data, sort_keys=False), file="<environment>")
    text, file = given_text(options.spec)
    spec = load_spec(text, file=file)  # whose complaints name the places in the user's file
    if options.name:
        data, _ = translated(parse(text, file)[0])
        spec = load_spec(yaml.safe_dump({**data, "name": options.name}, sort_keys=False), file=file)
    return spec


def _list(options: argparse.Namespace) -> int:
    if options.json:
        print_json({"clouds": [_data(cloud, Store.open()) for cloud in clouds()]})
        return 0
    table = Grid("name", "engine", "state", "deployed", "root")
    store = Store.open()
    for cloud in clouds():
        last = store.deployments.last_of(cloud.name)
        table.add_row(
            cloud.name, cloud.spec.engine, lifecycle.state(last, settings()), _took(last), cloud.places() or "-"
        )
    console.print(table)
    return 0


def _took(last: DeploymentRow | None) -> str:
    """Return what the last deployment has taken, to its end or until now."""
    if last is None:
        return ""
    if last.ended_at is not None:
        return f"in {duration(last.ended_at - last.started_at)}"
    running = lifecycle.state(last, settings()) == "running"
    return f"for {duration(time.time() - last.started_at)}" if running else ""


def _show(options: argparse.Namespace) -> int:
    cloud, store = _named(options.spec), Store.open()
    if options.json:
        print_json(_data(cloud, store, whole=True))
        return 0
    last, row = store.deployments.last_of(cloud.name), store.clouds.get(cloud.name)
    state = lifecycle.state(last, settings())
    said = f"{state} {_took(last)}".rstrip() if last else "never deployed"
    console.print(f"cloud {cloud.name}, engine {cloud.spec.engine}: {said}")
    if state == "cut off":
        console.print("the process that deployed it is gone; a step that ran may go on - deploy again to take it up")
    if last:
        table = Grid("step", "state", "took")
        for step in last.steps:
            table.add_row(step.title or step.name, step.status, duration(_seconds(step)))
        console.print(table)
        if last.error:
            console.print(last.error)
        for artifact in store.artifacts.of(last.uuid):
            console.print(f"log: {artifact.path}")
    for made in StoredLedger(store, cloud.name).standing():
        leaves = f": {made.detail['leaves']}" if made.detail.get("leaves") else ""
        console.print(f"stands or may stand: {made.kind} {made.name}{leaves}")
    if row:
        console.print("\n".join(f"{key}: {value}" for key, value in row.environment.items()))
    return 0


def _seconds(step: StepRow) -> float:
    """Return what a step has taken, to its end or until now."""
    return time.time() - step.started_at if step.status == "running" else step.seconds


def _data(cloud: StandingCloud, store: Store, *, whole: bool = False) -> dict[str, Any]:
    """Return what is known of a cloud, for programs."""
    last, row = store.deployments.last_of(cloud.name), store.clouds.get(cloud.name)
    data: dict[str, Any] = {
        "name": cloud.name,
        "engine": cloud.spec.engine,
        "state": lifecycle.state(last, settings()),
        "deployed_at": last.started_at if last else None,
        "seconds": last.ended_at - last.started_at if last and last.ended_at is not None else None,
        "root": cloud.places(),
        "registered": row is not None,
    }
    if not whole:
        return data
    steps = last.steps if last else []
    return {
        **data,
        "error": last.error if last else "",
        "steps": [
            {"name": one.name, "title": one.title, "state": one.status, "seconds": _seconds(one)} for one in steps
        ],
        "logs": [artifact.path for artifact in store.artifacts.of(last.uuid)] if last else [],
        "standing": [{"kind": made.kind, "name": made.name} for made in StoredLedger(store, cloud.name).standing()],
        "environment": row.environment if row else {},
    }


def _check(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    services, endpoints = cloud.services(), list[Service]()
    if cloud.spec.engine != "existing" and services:  # whose services are those of its catalog
        endpoints = [replace(one, name=f"endpoint of {one.name}") for one in cloud.answers()]
        services += endpoints
    if options.json:
        print_json({"name": cloud.name, "services": [asdict(service) for service in services]})
        return 0 if services and all(service.state == "RUNNING" for service in services) else 2
    _complain(cloud.name, services)
    if not services and lifecycle.state(Store.open().deployments.last_of(cloud.name), settings()) == "running":
        raise RallycrossError(f"cloud {cloud.name} is being deployed - see ./rallycross cloud show {cloud.name}")
    if not services:
        raise RallycrossError(f"cloud {cloud.name} does not stand - make it: ./rallycross cloud create SPEC")
    if cloud.spec.engine == "existing":  # whose catalog nobody here has written
        for service in services:
            console.print(f"{service.name}  {service.detail}")
    answer = f", {len(endpoints)} endpoints of its catalog answer" if endpoints else ""
    console.print(f"cloud {cloud.name} stands: {len(services) - len(endpoints)} services run{answer}")
    return 0


def _complain(name: str, services: Sequence[Service]) -> None:
    """Raise where a service does not run, with a line for each."""
    bad = [service for service in services if service.state != "RUNNING"]
    for service in bad:
        console.print(f"{service.name} is {service.state}: {service.detail}")
    if bad:
        raise RallycrossError(
            f"cloud {name}: {len(bad)} of {len(services)} services fail - see above;"
            " of a cloud that was made here ./rallycross cloud create SPEC starts what does not run"
        )


def _export(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    row = Store.open().clouds.get(cloud.name)
    if row is None:
        raise RallycrossError(f"cloud {cloud.name} is not deployed - make it: ./rallycross cloud create SPEC")
    text = Path(row.clouds_yaml).read_text()
    write_raw(openrc(yaml.safe_load(text)["clouds"][cloud.name]) if options.openrc else text.rstrip())
    return 0


def openrc(entry: dict[str, Any]) -> str:
    """Return an entry of a clouds.yaml as the lines of an openrc."""
    beside = {"region_name": "REGION_NAME", "interface": "INTERFACE", "cacert": "CACERT", "auth_type": "AUTH_TYPE"}
    variables = {f"OS_{key.upper()}": value for key, value in entry.get("auth", {}).items()}
    variables |= {f"OS_{name}": entry[key] for key, name in beside.items() if key in entry}
    variables["OS_IDENTITY_API_VERSION"] = entry.get("identity_api_version", "3")
    return "\n".join(f"export {name}={quote(str(value))}" for name, value in variables.items())


def _destroy(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    with StepLines({}) as lines:
        cloud.destroy(lines)
    console.print(f"cloud {cloud.name} is destroyed")
    return 0


def _named(given: str) -> StandingCloud:
    """Return the cloud of a name, or of a spec's file."""
    for cloud in clouds():
        if cloud.name == given:
            return cloud
    if not Path(given).expanduser().is_file() and "/" not in given:
        there = did_you_mean(given, [cloud.name for cloud in clouds()]) or "there is none yet"
        raise RallycrossError(f"there is no cloud {given!r} - {there}; the file of its spec will do, too")
    text, file = given_text(given)
    spec = load_spec(text, file=file)
    return StandingCloud(spec.name, spec, root_of(settings(), spec.name))
