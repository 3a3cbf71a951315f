"""The engine `multihost`: a controller and nodes, each by an engine of its own; the nodes are deployed side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service, check_first
from rallycross.deployment.multihost import CONTROLLER, Part, parts
from rallycross.deployment.node import Node
from rallycross.deployment.option import Option
from rallycross.deployment.provider import PROVIDERS, Provided
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.errors import RallycrossError

_SERVERS = "multihost"  # the provider


class Multihost:
    """Makes one plan of the plans of its parts. The cloud is the controller's."""

    takes_servers = False  # the parts do

    @property
    def options(self) -> Mapping[str, Option]:
        """The keys of the provider of all parts' servers."""
        return PROVIDERS[_SERVERS].options

    def provider(self, options: dict[str, Any]) -> Provided:
        """Return the provider of all parts' servers."""
        return Provided(_SERVERS, options)

    def check(self, spec: CloudSpec) -> None:
        """Have each part's engine check it; where the controller will be, no server says yet."""
        for part in parts(spec.options, spec.name, ()):
            check_first(part.spec)

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the controller's steps, and then those of the nodes."""
        steps: list[Step] = []
        secrets: list[str] = []
        before: tuple[str, ...] = ()  # all of the controller's
        for part, own in _parts(spec, nodes):
            made = ENGINES[part.spec.engine].plan(part.spec, own, site)
            renamed = [_renamed(step, part, own, before) for step in made.steps]
            steps += renamed
            secrets += made.secrets
            if part.name == CONTROLLER:
                before = tuple(step.name for step in renamed)
        return Plan(tuple(steps), tuple(secrets))

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the controller's cloud."""
        (controller, own), *rest = _parts(spec, nodes)
        deployed = ENGINES[controller.spec.engine].cloud(controller.spec, own, site)
        environment = {**deployed.environment, "nodes": [part.spec.engine for part, _ in rest]}
        return replace(deployed, environment=environment)

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the nodes, and then the controller."""
        for part, own in reversed(_parts(spec, nodes)):
            ENGINES[part.spec.engine].stop(part.spec, own)

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return what each part has."""
        return [
            replace(service, name=f"{part.name}: {service.name}")
            for part, own in _parts(spec, nodes)
            for service in ENGINES[part.spec.engine].status(part.spec, own)
        ]

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the log of one service, named as `status` does, or of all."""
        wanted, _, inner = (service or "").partition(": ")
        there = [(part, own) for part, own in _parts(spec, nodes) if service is None or part.name == wanted]
        if not there:
            raise RallycrossError(f"no service {service!r} here - say it as `status` does, such as 'controller: ...'")
        return "".join(
            ENGINES[part.spec.engine].logs(part.spec, own, service=inner or None, lines=lines) for part, own in there
        )


def _parts(spec: CloudSpec, nodes: Sequence[Node]) -> list[tuple[Part, list[Node]]]:
    """Return the parts with their nodes."""
    servers = [
        replace(node.server, name=node.name.removeprefix(f"{CONTROLLER}-"))
        for node in nodes
        if node.server and node.name.startswith(f"{CONTROLLER}-")
    ]
    return [(part, part.nodes(nodes)) for part in parts(spec.options, spec.name, servers)]


def _renamed(step: Step, part: Part, own: Sequence[Node], before: tuple[str, ...]) -> Step:
    """Return a part's step as the whole has it: named after the part, and after all of the steps in `before`."""
    hosts = step.hosts or (own[0].name,)
    return replace(
        step,
        name=f"{part.name} {step.name}",
        title=f"{part.name}: {step.words}",
        hosts=tuple(part.outside(host) for host in hosts),
        needs=(*(f"{part.name} {need}" for need in step.needs), *(before if not step.needs else ())),
    )


ENGINES.add("multihost", Multihost())
