"""An engine that runs a deployer's command-line tools on one server, which reaches the others by SSH.

What differs between deployers is declared: options, commands, the systemd units of the cloud, and where its
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
class DeployerInputs:
    """What a deployer's commands are built from."""

    spec: CloudSpec
    nodes: tuple[Node, ...]  # all servers, in the spec's order
    deployer: Node  # the node that the deployer runs on
    passwords: Mapping[str, str]  # the passwords that are generated once, by name

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the spec, with defaults."""
        return self.spec.options

    @property
    def root(self) -> str:
        """The cloud's folder on the deployer's server."""
        return self.deployer.root

    @property
    def others(self) -> tuple[Node, ...]:
        """All nodes but the deployer's."""
        return tuple(node for node in self.nodes if node is not self.deployer)


@dataclass(frozen=True)
class AdminCredentials:
    """The administrator's credentials, as the deployer stored them."""

    entry: dict[str, Any]  # of a clouds.yaml
    ca: str = ""  # PEM


@dataclass(frozen=True)
class CommandDeployer:
    """An engine, described by what is specific to its deployer."""

    kind: str  # the deployer's name in messages
    options: Mapping[str, Option]
    # In order: a step without `needs` needs the one before it, and a step without `hosts` runs on the deployer's node.
    commands: Callable[[DeployerInputs], Sequence[Step]]
    credentials: Callable[[DeployerInputs], AdminCredentials]
    units: tuple[str, ...]  # name patterns of the cloud's systemd units
    passwords: tuple[str, ...] = ()  # names of the passwords that are generated once
    secrets: Callable[[DeployerInputs], Sequence[str]] = (
        lambda _: ()
    )  # the secrets that the deployer has generated so far
    trace: str = ""  # a folder that shows another deployment by the same deployer; deleted by destroy
    members: Callable[[DeployerInputs], Sequence[Node]] = lambda inputs: inputs.nodes  # the nodes on which units run
    complain: Callable[[DeployerInputs], str | None] = lambda _: None  # what is wrong with the spec for these servers
    takes_servers: bool = True

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps: claim the servers, give the deployer access, run its commands, start the units."""
        if any(node.server is None for node in nodes):
            raise RallycrossError(
                f"{spec.file}: {self.kind} takes over its whole machine - name servers in `provider`; to use this"
                " machine, write {type: existing, servers: [{host: ...}]}"
            )
        inputs = self._inputs(spec, nodes)
        if what := self.complain(inputs):
            raise RallycrossError(f"{spec.file}: {what}")
        said = inputs.deployer.host.run(passwords(f"{inputs.root}/passwords", self.passwords)).out
        inputs = replace(inputs, passwords=dict(line.split(" ", 1) for line in said.splitlines()))
        steps = [*self._opened(inputs, site), *self.commands(inputs)]
        if members := self.members(inputs):
            names = tuple(node.name for node in members)
            script = systemd.start(self.units)
            steps.append(Step("start", script, names, always=True, title="Services run"))
        secrets = (*inputs.passwords.values(), *self.secrets(inputs))
        return Plan(tuple(_in_sequence(steps, inputs.deployer)), secrets)

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud with the administrator that the deployer made."""
        del site
        found = self.credentials(self._inputs(spec, nodes))
        region = found.entry.get("region_name")
        return Deployed(
            spec.name,
            yaml.safe_dump({"clouds": {spec.name: found.entry}}, sort_keys=False),
            {"engine": spec.engine, "host": ", ".join(node.name for node in nodes), **_versions(spec)},
            ca=found.ca,
            regions=(region,) if region else (),
        )

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the units, those of the first server last."""
        del spec
        for node in reversed(nodes):
            node.host.run(systemd.stop(self.units), limit=step_limit())

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the state of the units."""
        del spec
        return systemd.status(nodes, self.units)

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last journal lines of one unit, or of all."""
        del spec
        return systemd.logs(nodes, self.units, service=service, lines=lines)

    def _inputs(self, spec: CloudSpec, nodes: Sequence[Node]) -> DeployerInputs:
        wanted = spec.options["deployer"] or nodes[0].name
        chosen = [node for node in nodes if node.name == wanted]
        if not chosen:
            there = ", ".join(node.name for node in nodes)
            raise RallycrossError(f"{spec.file}: deployer: there is no server {wanted!r} - there is: {there}")
        return DeployerInputs(spec, tuple(nodes), chosen[0], {})

    def _opened(self, inputs: DeployerInputs, site: Site) -> list[Step]:
        """Return the steps that claim the servers, and let the deployer sign in to them as we do."""
        everywhere, cloud = tuple(node.name for node in inputs.nodes), inputs.spec.name
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
                scripts.reach(inputs.root, cloud, inputs.nodes),
                title="The deployer signs in to each",
                files={f"{inputs.root}/ssh/key": site.key.read_text()},
                leaves="a section in ~/.ssh/config",
                undo=scripts.forget(cloud),
            ),
        ]


def deployer_option() -> dict[str, Option]:
    """Return the option that all these engines have."""
    return {"deployer": Option(str, None, "the server that the deployer runs on; default: the first")}


def _versions(spec: CloudSpec) -> dict[str, Any]:
    """Return the options that choose the deployer's version."""
    return {key: spec.options[key] for key in ("release", "requirements", "channel") if spec.options.get(key)}


def _in_sequence(steps: Sequence[Step], deployer: Node) -> list[Step]:
    """Return the steps, each needing the one before it unless it has its own `needs`."""
    found: list[Step] = []
    for step in steps:
        needs = step.needs or tuple(before.name for before in found[-1:])
        found.append(replace(step, needs=needs, hosts=step.hosts or (deployer.name,)))
    return found
