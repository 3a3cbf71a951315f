"""Deploy, look at, use or destroy a cloud without a run.

create SPEC    deploys the cloud of a spec and registers it; the next run uses it as it is
list           lists the clouds, with engine, state and folders
show NAME      shows a cloud's last deployment: its steps with times and logs, and what the ledger has
check NAME     checks whether a cloud is deployed, and whether all of its services run
export NAME    prints a cloud's clouds.yaml, or (--openrc) variables for its administrator
destroy NAME   stops a cloud and deletes all that it has, by the ledger; its results are kept

SPEC is a file, also one of Rally's. Instead of a NAME, the file of its spec can be given.
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
from rallycross.cli.clouds import DeployedCloud, clouds
from rallycross.cli.console import console, print_json, progress, write_raw
from rallycross.cli.file_arguments import read_argument
from rallycross.cli.grid import Grid
from rallycross.cli.parser import add_json
from rallycross.cli.step_progress import StepProgress
from rallycross.cloud.variables import entry_from_variables
from rallycross.deployment import CloudSpec, Service, load_spec
from rallycross.deployment.rally_specs import translated
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
            verb.add_argument("--from-sysenv", action="store_true", help="use the cloud in the OS_ variables")
            verb.add_argument("--name", help="the cloud's name, if it is not in the spec (default: existing)")
        elif name != "list":
            verb.add_argument("spec", metavar="NAME")
        if name in {"list", "show", "check"}:
            add_json(verb)
        if name == "export":
            verb.add_argument("--openrc", action="store_true", help="print shell variables instead of YAML")


def run(options: argparse.Namespace) -> int:
    """Run the verb."""
    return int(options.act(options))


def _create(options: argparse.Namespace) -> int:
    spec, store = _given_spec(options), Store.open()
    uuid = str(uuid4())
    try:
        with StepProgress(store.deployments.usual_seconds(spec.engine, cloud=spec.name)) as lines:
            name = lifecycle.deploy(spec, store, settings(), uuid=uuid, tell=lines)
    except KeyboardInterrupt:
        progress.print(
            f"cloud {spec.name}: interrupted: see above which steps were ended and which continue; finished steps stay"
            f" - to continue: ./rallycross cloud create SPEC; to undo: ./rallycross cloud destroy {spec.name}"
        )
        raise
    if spec.engine != "existing":  # that engine signs in to the cloud itself
        console.print(f"cloud {name} is deployed; checking its endpoints")
        _require_running(name, _named(name).answers())
    console.print(f"cloud {name} is ready; OS_CLIENT_CONFIG_FILE={settings().clouds_yaml}")
    return 0


def _given_spec(options: argparse.Namespace) -> CloudSpec:
    """Return the spec from the file, or from the environment's variables."""
    if options.from_sysenv == bool(options.spec):
        raise RallycrossError("give the file of a cloud spec, or --from-sysenv")
    if options.from_sysenv:
        data = {"name": options.name or "existing", "engine": "existing", **entry_from_variables(os.environ)}
        for key in {"cacert", "cert", "key"} & data.keys():  # relative to the current folder, as in openstackclient
            data[key] = str(Path(data[key]).expanduser().absolute())
        return load_spec(yaml.safe_dump(data, sort_keys=False), file="<environment>")
    text, file = read_argument(options.spec)
    spec = load_spec(text, file=file)  # first, so that complaints name places in the user's file
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
    """Return the duration of the last deployment, to its end or until now."""
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
        console.print("the process that deployed it is gone; a step may still be running - deploy again to continue")
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
        console.print(f"in the ledger: {made.kind} {made.name}{leaves}")
    if row:
        console.print("\n".join(f"{key}: {value}" for key, value in row.environment.items()))
    return 0


def _seconds(step: StepRow) -> float:
    """Return the duration of a step, to its end or until now."""
    return time.time() - step.started_at if step.status == "running" else step.seconds


def _data(cloud: DeployedCloud, store: Store, *, whole: bool = False) -> dict[str, Any]:
    """Return what is known about a cloud, for `--json`."""
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
    if cloud.spec.engine != "existing" and services:  # its services are the endpoints themselves
        endpoints = [replace(one, name=f"endpoint of {one.name}") for one in cloud.answers()]
        services += endpoints
    if options.json:
        print_json({"name": cloud.name, "services": [asdict(service) for service in services]})
        return 0 if services and all(service.state == "RUNNING" for service in services) else 2
    _require_running(cloud.name, services)
    if not services and lifecycle.state(Store.open().deployments.last_of(cloud.name), settings()) == "running":
        raise RallycrossError(f"cloud {cloud.name} is being deployed - see ./rallycross cloud show {cloud.name}")
    if not services:
        raise RallycrossError(f"cloud {cloud.name} is not deployed - deploy it: ./rallycross cloud create SPEC")
    if cloud.spec.engine == "existing":  # name its endpoints, which are not known from a spec
        for service in services:
            console.print(f"{service.name}  {service.detail}")
    answer = f", {len(endpoints)} endpoints of its catalog answer" if endpoints else ""
    console.print(f"cloud {cloud.name} is up: {len(services) - len(endpoints)} services run{answer}")
    return 0


def _require_running(name: str, services: Sequence[Service]) -> None:
    """Raise an error if a service does not run; print a line for each."""
    bad = [service for service in services if service.state != "RUNNING"]
    for service in bad:
        console.print(f"{service.name} is {service.state}: {service.detail}")
    if bad:
        raise RallycrossError(
            f"cloud {name}: {len(bad)} of {len(services)} services do not run - see above;"
            " if Rallycross deployed the cloud, ./rallycross cloud create SPEC starts them"
        )


def _export(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    row = Store.open().clouds.get(cloud.name)
    if row is None:
        raise RallycrossError(f"cloud {cloud.name} is not deployed - deploy it: ./rallycross cloud create SPEC")
    text = Path(row.clouds_yaml).read_text()
    write_raw(openrc(yaml.safe_load(text)["clouds"][cloud.name]) if options.openrc else text.rstrip())
    return 0


def openrc(entry: dict[str, Any]) -> str:
    """Return an entry of a clouds.yaml as an openrc."""
    others = {"region_name": "REGION_NAME", "interface": "INTERFACE", "cacert": "CACERT", "auth_type": "AUTH_TYPE"}
    variables = {f"OS_{key.upper()}": value for key, value in entry.get("auth", {}).items()}
    variables |= {f"OS_{name}": entry[key] for key, name in others.items() if key in entry}
    variables["OS_IDENTITY_API_VERSION"] = entry.get("identity_api_version", "3")
    return "\n".join(f"export {name}={quote(str(value))}" for name, value in variables.items())


def _destroy(options: argparse.Namespace) -> int:
    cloud = _named(options.spec)
    with StepProgress({}) as lines:
        cloud.destroy(lines)
    console.print(f"cloud {cloud.name} is destroyed")
    return 0


def _named(given: str) -> DeployedCloud:
    """Return the cloud with a name, or of a spec's file."""
    for cloud in clouds():
        if cloud.name == given:
            return cloud
    if not Path(given).expanduser().is_file() and "/" not in given:
        there = did_you_mean(given, [cloud.name for cloud in clouds()]) or "there are none yet"
        raise RallycrossError(f"there is no cloud {given!r} - {there}; the file of its spec can be given, too")
    text, file = read_argument(given)
    spec = load_spec(text, file=file)
    return DeployedCloud(spec.name, spec, root_of(settings(), spec.name))
