"""The engine `multihost`: a controller and nodes, each with its own engine; the nodes are deployed in parallel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rallycross.deployment.engine import ENGINES, CloudSpec, Deployed, Service, check_first
from rallycross.deployment.multihost_parts import CONTROLLER, CloudPart, parts
from rallycross.deployment.node import Node
from rallycross.deployment.option import Option
from rallycross.deployment.provider import PROVIDERS, ProviderSpec
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.errors import RallycrossError

_SERVERS = "multihost"  # the provider


class Multihost:
    """Combines the plans of its parts. The cloud is the controller's."""

    takes_servers = False  # its parts do

    @property
    def options(self) -> Mapping[str, Option]:
        """The options of the provider `multihost`."""
        return PROVIDERS[_SERVERS].options

    def provider(self, options: dict[str, Any]) -> ProviderSpec:
        """Return the provider section of all parts' servers."""
        return ProviderSpec(_SERVERS, options)

    def check(self, spec: CloudSpec) -> None:
        """Run the check of each part's engine; the controller's address is not known yet."""
        for part in parts(spec.options, spec.name, ()):
            check_first(part.spec)

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the controller's steps, then those of the nodes."""
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
        """Stop the nodes, then the controller."""
        for part, own in reversed(_parts(spec, nodes)):
            ENGINES[part.spec.engine].stop(part.spec, own)

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the services of all parts, with the part's name in front."""
        return [
            replace(service, name=f"{part.name}: {service.name}")
            for part, own in _parts(spec, nodes)
            for service in ENGINES[part.spec.engine].status(part.spec, own)
        ]

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of the log of one service, named as by `status`, or of all."""
        wanted, _, inner = (service or "").partition(": ")
        there = [(part, own) for part, own in _parts(spec, nodes) if service is None or part.name == wanted]
        if not there:
            raise RallycrossError(f"there is no service {service!r} - name it as `status` does: 'controller: ...'")
        return "".join(
            ENGINES[part.spec.engine].logs(part.spec, own, service=inner or None, lines=lines) for part, own in there
        )


def _parts(spec: CloudSpec, nodes: Sequence[Node]) -> list[tuple[CloudPart, list[Node]]]:
    """Return the parts with their nodes."""
    servers = [
        replace(node.server, name=node.name.removeprefix(f"{CONTROLLER}-"))
        for node in nodes
        if node.server and node.name.startswith(f"{CONTROLLER}-")
    ]
    return [(part, part.nodes(nodes)) for part in parts(spec.options, spec.name, servers)]


def _renamed(step: Step, part: CloudPart, own: Sequence[Node], before: tuple[str, ...]) -> Step:
    """Return a part's step for the whole plan: renamed after the part, and needing all steps in `before`."""
    hosts = step.hosts or (own[0].name,)
    return replace(
        step,
        name=f"{part.name} {step.name}",
        title=f"{part.name}: {step.words}",
        hosts=tuple(part.outside(host) for host in hosts),
        needs=(*(f"{part.name} {need}" for need in step.needs), *(before if not step.needs else ())),
    )


ENGINES.add("multihost", Multihost())
