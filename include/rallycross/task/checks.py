"""Holds a task against a cloud: what the task names must be there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rallycross.cloud.facts import CloudFacts
from rallycross.errors import Complaint, did_you_mean
from rallycross.settings import CHECKOUT
from rallycross.task.known import Signature
from rallycross.task.plan import Task, Workload
from rallycross.task.resources import NotFound, find

_URL = ("http://", "https://")


def check(task: Task, facts: CloudFacts, scenarios: Mapping[str, Signature]) -> list[Complaint]:
    """Return what a task wants that its cloud (or this machine, where it names a file) does not have."""
    return [
        complaint
        for workload in task.workloads
        for complaint in _check(workload, facts, scenarios[workload.scenario], task)
    ]


def resolve(workload: Workload, task: Task, facts: CloudFacts, signature: Signature) -> Workload:
    """Return the workload with ids in the place of what it names in the cloud, and whole paths of its files."""
    args = dict(workload.args)
    for name, kind, wanted in _named(workload, signature):
        args[name] = file_of(task, wanted) if kind == "file" else find(kind, wanted, facts.things[kind])
    return replace(workload, args=args)


def kinds(task: Task, scenarios: Mapping[str, Signature]) -> set[str]:
    """Return the kinds of things in a cloud that a task names."""
    named = (kind for workload in task.workloads for _, kind, _ in _named(workload, scenarios[workload.scenario]))
    return set(named) - {"file"}


def file_of(task: Task, location: str) -> str:
    """Return where a file is: a URL as it is, `~` expanded; from the current folder or else from the task file's."""
    if location.startswith(_URL):
        return location
    path = Path(location).expanduser()
    beside = (CHECKOUT / task.file).parent / path
    return str(path.absolute() if path.is_file() or not beside.is_file() else beside)


def _check(workload: Workload, facts: CloudFacts, signature: Signature, task: Task) -> Iterator[Complaint]:
    for service in signature.services:
        if service not in facts.services:
            what = f"{workload.scenario} needs the service '{service}', which {facts.cloud} has not"
            yield _complaint(workload, "", what)
    for name, kind, wanted in _named(workload, signature):
        if kind == "file":
            path = file_of(task, wanted)
            if not path.startswith(_URL) and not Path(path).is_file():
                remedy = "name a file by a path from the current folder or from the task file's, or by a URL"
                yield _complaint(workload, name, f"there is no file '{wanted}'", remedy)
            continue
        try:
            find(kind, wanted, facts.things[kind])
        except NotFound as reason:
            remedy = did_you_mean(str(wanted.get("name", "")), {thing.name for thing in facts.things[kind]})
            yield _complaint(workload, name, f"{reason} in {facts.cloud}", remedy)


def _named(workload: Workload, signature: Signature) -> Iterator[tuple[str, str, Any]]:
    """Yield each argument that names a thing: its name, the kind, what was written."""
    for name, value in workload.args.items():
        kind = signature.parameters[name].resource
        if kind and value is not None:
            yield name, kind, value


def _complaint(workload: Workload, argument: str, what: str, remedy: str = "") -> Complaint:
    file, _, line = workload.place.rpartition(":")
    at = workload.argument_places.get(argument, (int(line), 0))
    key = f"{workload.key}.{argument}" if argument else workload.key
    return Complaint(file, *at, key, what, remedy)
