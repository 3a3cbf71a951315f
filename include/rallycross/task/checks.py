"""Checks a task against a cloud: what the task names must exist, and the user must have the rights it needs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from shlex import quote
from typing import Any

from rallycross.cloud.facts import CloudFacts, NamedResource
from rallycross.errors import Complaint, did_you_mean
from rallycross.permissions import NotAllowed
from rallycross.task.cloud_references import CloudReference, microversion, unmet
from rallycross.task.known import ContextSignature, Known, Signature
from rallycross.task.local_arguments import LOCAL
from rallycross.task.plan import Task, Workload
from rallycross.task.resources import NotFound, find, is_usable

_GIB = 1024**3
_UNKNOWN = ContextSignature(lambda _: [])  # stands for a context that is not registered


def check(task: Task, facts: CloudFacts, known: Known) -> list[Complaint]:
    """Return what the task needs and its cloud (or, for files, this machine) does not have."""
    return [complaint for workload in task.workloads for complaint in _Check(workload, facts, known, task).complaints()]


def check_alone(task: Task, known: Known) -> list[Complaint]:
    """Check a task that is run without a cloud: complain of missing files, and of workloads that need a cloud."""
    nowhere = CloudFacts("", frozenset())
    checks = [_Check(workload, nowhere, known, task) for workload in task.workloads]
    acting = [check for check in checks if check.acts_in_a_cloud]
    missing = [acting[0].no_cloud(len(acting))] if acting else []
    return [*missing, *(complaint for check in checks for complaint in check.files())]


def check_files(task: Task, known: Known) -> list[Complaint]:
    """Return which files the task names that this machine does not have; no cloud is needed for this."""
    nowhere = CloudFacts("", frozenset())
    return [complaint for workload in task.workloads for complaint in _Check(workload, nowhere, known, task).files()]


def out_of_reach(task: Task, known: Known) -> list[Complaint]:
    """Return which files the task names without being permitted to read them, whether or not they exist."""
    nowhere = CloudFacts("", frozenset())
    return [
        complaint for workload in task.workloads for complaint in _Check(workload, nowhere, known, task).out_of_reach()
    ]


def resolve(
    workload: Workload, task: Task, facts: CloudFacts, known: Known, *, contexts_stand: bool = False
) -> Workload:
    """Return the workload with names of cloud resources replaced by ids, and file names by absolute paths or contents.

    Names of resources that its contexts will create stay as written. Once the contexts are set up, call this again
    with `contexts_stand=True` and fresh facts.
    """
    args = dict(workload.args)
    for name, kind, wanted in _named(workload.args, known.scenarios[workload.scenario]):
        if kind in LOCAL:
            args[name] = LOCAL[kind](task, wanted)
        elif contexts_stand or (found := _find(workload, known, facts, kind, wanted)).id:
            args[name] = find(kind, wanted, facts.things.get(kind, ())).id if contexts_stand else found.id
    return replace(workload, args=args, contexts=dict(_with_whole_paths(workload, task, known)))


def named_resources(task: Task, facts: CloudFacts, known: Known) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the details of the cloud's resources that the workloads name, by kind and name.

    Resources that contexts will create are left out. The task must have been checked.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for workload in task.workloads:
        for _, kind, wanted in _named(workload.args, known.scenarios[workload.scenario]):
            if kind not in LOCAL and (thing := _find(workload, known, facts, kind, wanted)).id:
                found.setdefault(kind, {})[thing.name or thing.id] = thing.details
    return found


def unsettled(workload: Workload, facts: CloudFacts, known: Known) -> bool:
    """Return whether the workload names resources that do not exist until its contexts have created them."""
    signature = known.scenarios[workload.scenario]
    named = ((kind, wanted) for _, kind, wanted in _named(workload.args, signature) if kind not in LOCAL)
    return any(not _find(workload, known, facts, kind, wanted).id for kind, wanted in named)


def _with_whole_paths(workload: Workload, task: Task, known: Known) -> Iterator[tuple[str, Any]]:
    """Yield the contexts with absolute paths of the files they name; they look up cloud resources themselves."""
    for context, config in workload.contexts.items():
        local = {
            key: LOCAL[kind](task, config[key])
            for key, kind in known.contexts.get(context, _UNKNOWN).needs.things.items()
            if kind in LOCAL and _configured(workload, context).get(key)
        }
        yield context, {**config, **local} if local else config


_SMALL = ("image", "flavor")  # the kinds for which templates have variables


def fitting_variables(source: str, facts: CloudFacts) -> dict[str, str]:
    """Return values for a template's image and flavor variables: the cloud's smallest ones that fit each other.

    The variables are `image` and `flavor`, or `image_name` and `flavor_name` as in Rally's samples. A variable is left
    out if the template does not use it or sets it itself, or if the cloud has no such resource.
    """
    there = {
        kind: [thing for thing in facts.things.get(kind, ()) if thing.name and is_usable(kind, thing)]
        for kind in _SMALL
    }
    images = sorted(there["image"], key=lambda one: (one.details.get("size", 0), one.name))
    flavors = sorted(there["flavor"], key=lambda one: (one.details.get("ram", 0), one.details.get("disk", 0), one.name))
    pairs = ((image, flavor) for image in images for flavor in flavors)
    fits = next((pair for pair in pairs if not list(misfits(pair[0].details, pair[1].details, disk=True))), None)
    chosen = fits or (next(iter(images), None), next(iter(flavors), None))
    return {
        name: thing.name
        for kind, thing in zip(_SMALL, chosen, strict=True)
        for name in (kind, f"{kind}_name")
        if thing and _can_be_given(name, source)
    }


def _can_be_given(variable: str, source: str) -> bool:
    """Return whether the template prints the variable, and does not override a given value."""
    printed = re.search(rf"{{{{-?\s*{variable}\b", source)
    fixed = re.search(rf"{{%-?\s*set\s+{variable}\s*=(?!.*\b{variable}\b)", source)
    return bool(printed) and not fixed


def kinds(task: Task, known: Known) -> set[str]:
    """Return the kinds of facts that are needed to check a task; see `inventory.facts`."""
    found: set[str] = set()
    for workload in task.workloads:
        signature = known.scenarios[workload.scenario]
        found |= {kind for _, kind, _ in _named(workload.args, signature)}
        found |= {reference.kind for _, reference in _references(workload.args, signature)}
        found |= {reference.kind for reference in _microversions(signature)}
        for context, config in workload.contexts.items():
            needs = known.contexts.get(context, _UNKNOWN).needs
            found |= {*needs.things.values(), *(reference.kind for reference in needs.references(config))}
        found |= {"extension"} if signature.extensions else set()
        found |= {"cinder_service"} if signature.cinder_services else set()
        found |= {"administrator"} if any(_needs_administrator(workload, known, own_users=False)) else set()
    return found - LOCAL.keys()


def _find(workload: Workload, known: Known, facts: CloudFacts, kind: str, wanted: Any) -> NamedResource:
    """Return the resource that is meant: one in the cloud, or one that a context will create, which has no id yet.

    As in Rally, an image from a context takes precedence over an existing one; for other kinds, the existing one does.
    """
    made = tuple(
        thing
        for context, config in workload.contexts.items()
        for of_kind, thing in known.contexts.get(context, _UNKNOWN).makes(config)
        if of_kind == kind
    )
    there = facts.things.get(kind, ())
    first, second = (made, there) if kind == "image" and made else (there, made)
    try:
        return find(kind, wanted, first)
    except NotFound:
        if not made:
            raise
        return find(kind, wanted, second)


def _named(args: Mapping[str, Any], signature: Signature) -> Iterator[tuple[str, str, Any]]:
    """Yield each argument that names a resource or a file: its name, the kind, and the value as written."""
    for name, value in args.items():
        kind = signature.parameters[name].resource if name in signature.parameters else ""
        if kind and value is not None:
            yield name, kind, value


def _references(args: Mapping[str, Any], signature: Signature) -> Iterator[tuple[str, CloudReference]]:
    """Yield the other references to the cloud in the arguments, each with the argument's name."""
    for name, value in args.items():
        if name in signature.parameters:
            yield from ((name, reference) for reference in signature.parameters[name].references(value))


def _microversions(signature: Signature) -> Iterator[CloudReference]:
    """Yield the microversions that every iteration needs."""
    yield from (microversion(service, wanted) for service, wanted in signature.microversions.items())


def _configured(workload: Workload, context: str) -> Mapping[str, Any]:
    """Return the configuration of a context if it is a mapping, else an empty one."""
    config = workload.contexts.get(context)
    return config if isinstance(config, dict) else {}


def _needs_administrator(workload: Workload, known: Known, *, own_users: bool) -> Iterator[str]:
    """Yield the contexts that need an administrator, and "" if the scenario itself needs one."""
    if "admin" in known.scenarios[workload.scenario].actors:
        yield ""
    for context, config in workload.contexts.items():
        needs = known.contexts.get(context, _UNKNOWN).needs
        if needs.administrator and not (own_users and needs.own_users_do(config)):
            yield context


class _Check:
    """Checks one workload against a cloud."""

    def __init__(self, workload: Workload, facts: CloudFacts, known: Known, task: Task) -> None:
        self.workload = workload
        self.facts = facts
        self.known = known
        self.signature = known.scenarios[workload.scenario]
        self.task = task
        self.found: dict[str, NamedResource] = {}  # by argument

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is missing."""
        yield from self._services()
        yield from self._parts_of_services()
        yield from self._permissions()
        for name, kind, wanted in _named(self.workload.args, self.signature):
            yield from self._thing(name, name, kind, wanted, context="")
        for name, reference in _references(self.workload.args, self.signature):
            if wrong := unmet(reference, self.facts):
                yield self._complaint(f"{name}{reference.key}", *wrong, argument=name)
        for reference in _microversions(self.signature):
            if wrong := unmet(reference, self.facts):
                yield self._complaint("", *wrong)
        yield from self._fit()
        for context in self.workload.contexts:
            yield from self._context(context)

    @property
    def acts_in_a_cloud(self) -> bool:
        """Whether the workload needs a cloud."""
        contexts = (self.known.contexts.get(context, _UNKNOWN) for context in self.workload.contexts)
        return bool(self.signature.actors) or any(context.needs.cloud for context in contexts)

    def no_cloud(self, count: int) -> Complaint:
        """Return the complaint that no cloud was named; `count` workloads need one, and this is the first of them."""
        others = {1: "", 2: ", as does one more workload"}.get(count, f", as do {count - 1} more workloads")
        what = f"{self.workload.scenario} or one of its contexts needs a cloud{others}; none was named"
        return self._complaint("", what, "name one: --cloud NAME")

    def files(self) -> Iterator[Complaint]:
        """Yield complaints about files that are missing, or may not be read."""
        for name, key, kind, wanted, context in self._named_files():
            yield from self._thing(name, key, kind, wanted, context=context)

    def out_of_reach(self) -> Iterator[Complaint]:
        """Yield complaints about files that may not be read."""
        for _, key, kind, wanted, context in self._named_files():
            try:
                LOCAL[kind](self.task, wanted)
            except NotAllowed as reason:
                yield self._complaint(key, f"'{wanted}' {reason.what}", reason.remedy, context=context)
            except NotFound:
                continue  # it may exist on the machine that runs the load

    def _named_files(self) -> Iterator[tuple[str, str, str, Any, str]]:
        """Yield what refers to this machine: name, key, kind, value as written, and context ("" for arguments)."""
        for name, kind, wanted in _named(self.workload.args, self.signature):
            if kind in LOCAL:
                yield name, name, kind, wanted, ""
        for context in self.workload.contexts:
            for key, kind in self.known.contexts.get(context, _UNKNOWN).needs.things.items():
                if kind in LOCAL and (wanted := _configured(self.workload, context).get(key)):
                    yield f"{context}.{key}", key, kind, wanted, context

    def _services(self) -> Iterator[Complaint]:
        for service in self.signature.services:
            if service not in self.facts.services:
                what = f"{self.workload.scenario} needs the service '{service}', which {self.facts.cloud} does not have"
                yield self._complaint("", what)

    def _parts_of_services(self) -> Iterator[Complaint]:
        """Check that the neutron extensions and cinder processes exist that the scenario needs."""
        wants: tuple[tuple[str, str, Iterable[str], str], ...] = (
            ("extension", "network", self.signature.extensions, "the neutron extension '{}'"),
            ("cinder_service", "block-storage", self.signature.cinder_services, "the process '{}'"),
        )
        for kind, service, names, called in wants:
            there = {thing.name for thing in self.facts.things.get(kind, ())}
            for name in names:
                if service in self.facts.services and name not in there:
                    needed = called.format(name)
                    what = f"{self.workload.scenario} needs {needed}, which {self.facts.cloud} does not have"
                    yield self._complaint("", what)

    def _permissions(self) -> Iterator[Complaint]:
        if self.facts.administrator:
            return
        remedy = "give the administrator's credentials in the cloud's entry"
        for context in _needs_administrator(self.workload, self.known, own_users=self.facts.own_users):
            who = f"the context {context}" if context else self.workload.scenario
            what = f"{who} needs an administrator; the user signed in to {self.facts.cloud} is not one"
            yield self._complaint("", what, remedy, context=context)

    def _thing(self, name: str, key: str, kind: str, wanted: Any, *, context: str) -> Iterator[Complaint]:
        """Look up a resource or file that an argument, or a key of a context, names."""
        try:
            if kind in LOCAL:
                LOCAL[kind](self.task, wanted)
            else:
                self.found[name] = _find(self.workload, self.known, self.facts, kind, wanted)
        except NotAllowed as reason:
            yield self._complaint(key, f"'{wanted}' {reason.what}", reason.remedy, context=context)
        except NotFound as reason:
            if kind in LOCAL:
                remedy = "give a path relative to the current folder or to the task file"
                remedy += ", or a URL" if kind == "file" else ""
                yield self._complaint(key, str(reason), remedy, context=context)
                return
            written = wanted if isinstance(wanted, str) else str(wanted.get("name", ""))
            remedy = reason.remedy or did_you_mean(written, {thing.name for thing in self.facts.things.get(kind, ())})
            if filled := fitting_variables(self.task.source, self.facts) if kind in _SMALL else {}:
                give = "set the file's variables (`Task arguments` in Airflow's form): --task-args "
                give += quote(json.dumps(filled))
                remedy = f"{remedy}; {give}" if remedy else give
            yield self._complaint(key, f"{reason} in {self.facts.cloud}", remedy, context=context)

    def _fit(self) -> Iterator[Complaint]:
        """Check the images that servers boot from against the argument `flavor`."""
        flavor = self.found.get("flavor")
        for name, image in self.found.items():
            kind = self.signature.parameters[name].resource
            if flavor and kind == "image":
                boots_from_disk = self.signature.boots_from == "image"
                for reason in misfits(image.details, flavor.details, disk=boots_from_disk):
                    yield self._complaint(name, f"the image {image.name} {reason} {flavor.name}", "use a larger flavor")

    def _context(self, context: str) -> Iterator[Complaint]:
        needs, config = self.known.contexts.get(context, _UNKNOWN).needs, _configured(self.workload, context)
        for service in needs.services:
            if service not in self.facts.services:
                what = f"the context {context} needs the service '{service}', which {self.facts.cloud} does not have"
                yield self._complaint("", what, context=context)
        for key, kind in needs.things.items():
            if config.get(key):
                yield from self._thing(f"{context}.{key}", key, kind, config[key], context=context)
        whole = self.workload.contexts[context]
        lacking = {
            key: service for key, service in needs.services_of(whole).items() if service not in self.facts.services
        }
        for key, service in lacking.items():
            what = f"`{key}` of the context {context} needs the service '{service}'"
            what += f", which {self.facts.cloud} does not have"
            yield self._complaint(key, what, context=context)
        yield from self._references(context, needs.references(whole))

    def _references(self, context: str, references: Iterable[CloudReference]) -> Iterator[Complaint]:
        """Check the references of a context (names, ids, versions) against the cloud."""
        for reference in references:
            if wrong := unmet(reference, self.facts):
                yield self._complaint(reference.key, *wrong, context=context)

    def _complaint(self, key: str, what: str, remedy: str = "", *, context: str = "", argument: str = "") -> Complaint:
        """Return a complaint about the workload, one of its arguments, or one of its contexts and a key in that.

        `argument` is the argument that contains the key, if there is one.
        """
        workload = self.workload
        file, _, line = workload.place.rpartition(":")
        at = (int(line), 0)
        if context:
            at = workload.context_places.get(context, at)
            path = ".".join(filter(None, (_contexts_of(workload.key), context, key))).replace(".[", "[")
        else:
            at = workload.argument_places.get(argument or key, at)
            path = f"{workload.key}.{key}" if key else workload.key
        return Complaint(file, *at, path, what, remedy)


def misfits(image: Mapping[str, Any], flavor: Mapping[str, Any], *, disk: bool) -> Iterator[str]:
    """Yield why a server of this flavor cannot boot this image; sizes are in MiB (RAM), GiB (disk), bytes (size).

    `disk`: the image is written to the flavor's disk. A disk of 0 GiB takes the size of the image.
    """
    if image.get("min_ram", 0) > flavor.get("ram", 0):
        yield f"needs {image['min_ram']} MiB of memory, more than the {flavor.get('ram', 0)} MiB of the flavor"
    if disk and flavor.get("disk"):
        need = max(image.get("min_disk", 0), image.get("size", 0) / _GIB)
        if need > flavor["disk"]:
            yield f"needs {need:.3g} GiB of disk, more than the {flavor['disk']} GiB of the flavor"


def _contexts_of(key: str) -> str:
    """Return the dotted path of the contexts of the scenario at `key`, in format v2 or v1."""
    around, scenario, _ = key.rpartition(".scenario.")
    return f"{around}.contexts" if scenario else f"{key.removesuffix('.args')}.context"
