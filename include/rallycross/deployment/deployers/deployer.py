"""An engine that drives a deployer by its commands, from one server that reaches the others by SSH.

What differs from deployer to deployer is declared: options, commands, the units that the cloud runs as, and where its
credentials are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from rallycross.deployment import systemd
from rallycross.deployment.deployers import scripts
from rallycross.deployment.engine import CloudSpec, Deployed, Option, Service
from rallycross.deployment.limits import step_limit
from rallycross.deployment.node import Node
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan, Step
from rallycross.deployment.whole_host import claim, passwords, unclaim
from rallycross.errors import RallycrossError


@dataclass(frozen=True)
class Ground:
    """What a deployer's commands are made from."""

    spec: CloudSpec
    nodes: tuple[Node, ...]  # all servers, in the spec's order
    deployer: Node  # the one that the deployer runs on
    passwords: Mapping[str, str]  # those that are decided once, by name

    @property
    def options(self) -> Mapping[str, Any]:
        """What the spec says, with defaults."""
        return self.spec.options

    @property
    def root(self) -> str:
        """The cloud's folder on the deployer's server."""
        return self.deployer.root

    @property
    def others(self) -> tuple[Node, ...]:
        """All servers but the deployer's."""
        return tuple(node for node in self.nodes if node is not self.deployer)


@dataclass(frozen=True)
class Found:
    """The administrator's credentials, as the deployer has left them."""

    entry: dict[str, Any]  # of a clouds.yaml
    ca: str = ""  # PEM


@dataclass(frozen=True)
class CommandDeployer:
    """An engine, by what is special about its deployer."""

    kind: str  # the deployer's name, for people
    options: Mapping[str, Option]
    # In order: a step that names no other needs the one before it, and one that names no host is the deployer's.
    commands: Callable[[Ground], Sequence[Step]]
    credentials: Callable[[Ground], Found]
    units: tuple[str, ...]  # patterns of the systemd units that the cloud runs as
    passwords: tuple[str, ...] = ()  # names of those that are decided once
    secrets: Callable[[Ground], Sequence[str]] = lambda _: ()  # those that the deployer has made, by now
    trace: str = ""  # a folder that tells of another deployment by the same deployer; deleted by destroy
    members: Callable[[Ground], Sequence[Node]] = lambda ground: ground.nodes  # where units run
    complain: Callable[[Ground], str | None] = lambda _: None  # what speaks against the spec on these servers
    takes_servers: bool = True

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps: the servers are taken and opened to the deployer, its commands run, the units are up."""
        if any(node.server is None for node in nodes):
            raise RallycrossError(
                f"{spec.file}: {self.kind} takes over the machine that it is on - name servers in `provider`; this"
                " machine is a server too, as {type: existing, servers: [{host: ...}]}"
            )
        ground = self._ground(spec, nodes)
        if what := self.complain(ground):
            raise RallycrossError(f"{spec.file}: {what}")
        said = ground.deployer.host.run(passwords(f"{ground.root}/passwords", self.passwords)).out
        ground = replace(ground, passwords=dict(line.split(" ", 1) for line in said.splitlines()))
        steps = [*self._opened(ground, site), *self.commands(ground)]
        if members := self.members(ground):
            names = tuple(node.name for node in members)
            script = systemd.start(self.units)
            steps.append(Step("start", script, names, always=True, title="Services run"))
        secrets = (*ground.passwords.values(), *self.secrets(ground))
        return Plan(tuple(_in_sequence(steps, ground.deployer)), secrets)

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the deployer's administrator."""
        del site
        found = self.credentials(self._ground(spec, nodes))
        region = found.entry.get("region_name")
        return Deployed(
            spec.name,
            yaml.safe_dump({"clouds": {spec.name: found.entry}}, sort_keys=False),
            {"engine": spec.engine, "host": ", ".join(node.name for node in nodes), **_versions(spec)},
            ca=found.ca,
            regions=(region,) if region else (),
        )

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """End the units, the first server's last."""
        del spec
        for node in reversed(nodes):
            node.host.run(systemd.stop(self.units), limit=step_limit())

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the units as systemd has them."""
        del spec
        return systemd.status(nodes, self.units)

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines that a unit, or each, has in the journal."""
        del spec
        return systemd.logs(nodes, self.units, service=service, lines=lines)

    def _ground(self, spec: CloudSpec, nodes: Sequence[Node]) -> Ground:
        wanted = spec.options["deployer"] or nodes[0].name
        chosen = [node for node in nodes if node.name == wanted]
        if not chosen:
            there = ", ".join(node.name for node in nodes)
            raise RallycrossError(f"{spec.file}: deployer: there is no server {wanted!r} - there is: {there}")
        return Ground(spec, tuple(nodes), chosen[0], {})

    def _opened(self, ground: Ground, site: Site) -> list[Step]:
        """Return the steps that take the servers, and let the deployer sign in to them as we do."""
        everywhere, cloud = tuple(node.name for node in ground.nodes), ground.spec.name
        owner = f"{self.kind}'s cloud {cloud}"
        return [
            Step(
                "claim",
                claim(owner, foreign=self.trace),
                everywhere,
                title="One cloud a host",
                leaves=self.trace,
                undo=unclaim(owner, before=scripts.cleared(self.trace, self.units)),
            ),
            Step(
                "admit",
                scripts.admit(site.public_key),
                everywhere,
                title="The deployer may sign in",
                leaves="a key in ~/.ssh/authorized_keys",
                undo=scripts.dismiss(site.public_key),
            ),
            Step(
                "reach",
                scripts.reach(ground.root, cloud, ground.nodes),
                title="The deployer signs in to each",
                files={f"{ground.root}/ssh/key": site.key.read_text()},
                leaves="a section in ~/.ssh/config",
                undo=scripts.forget(cloud),
            ),
        ]


def deployer_option() -> dict[str, Option]:
    """Return the option that each of these engines has."""
    return {"deployer": Option(str, None, "the server that the deployer runs on; default: the first")}


def _versions(spec: CloudSpec) -> dict[str, Any]:
    """Return what the spec says of the deployer's version, whatever its key is."""
    return {key: spec.options[key] for key in ("release", "requirements", "channel") if spec.options.get(key)}


def _in_sequence(steps: Sequence[Step], deployer: Node) -> list[Step]:
    """Return the steps, each after the one before it unless it says itself what it needs."""
    found: list[Step] = []
    for step in steps:
        needs = step.needs or tuple(before.name for before in found[-1:])
        found.append(replace(step, needs=needs, hosts=step.hosts or (deployer.name,)))
    return found
