"""Engines, which deploy clouds, and what they take and return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from rallycross.deployment.node import Node
from rallycross.deployment.option import Option
from rallycross.deployment.provider import ProviderSpec
from rallycross.deployment.site import Site
from rallycross.deployment.step import Plan
from rallycross.registry import Registry

__all__ = [
    "ENGINES",
    "BringsServers",
    "ChecksFirst",
    "CloudSpec",
    "Deployed",
    "Engine",
    "Option",
    "RunsNoCommands",
    "Service",
    "check_first",
]


@dataclass(frozen=True)
class CloudSpec:
    """A checked cloud spec."""

    name: str
    engine: str
    options: dict[str, Any] = field(repr=False)  # every option of the engine, with defaults; may hold secrets
    text: str = field(repr=False)  # as the user wrote it
    file: str  # the file it is from
    provider: ProviderSpec | None = None  # None: this machine
    secrets: tuple[str, ...] = field(default=(), repr=False)  # texts in it that must never be shown


@dataclass(frozen=True)
class Deployed:
    """A deployed cloud, with what is needed to use it."""

    cloud_name: str  # the administrator's entry in the clouds.yaml
    clouds_yaml_text: str = field(repr=False)
    environment: dict[str, Any]  # what affects its speed, for reports: versions, settings, machine
    ca: str = ""  # the CA certificate (PEM) of its endpoints; "" = one that is trusted anyway
    regions: tuple[str, ...] = ()
    nodes: tuple[dict[str, Any], ...] = ()  # how to reach its servers, see `Node.kept`; not set by engines


@dataclass(frozen=True)
class Service:
    """One service of a cloud, as `status` shows it."""

    name: str
    state: str  # "RUNNING" if all is well
    detail: str


class Engine(Protocol):
    """Deploys clouds of one kind. `nodes` are the provider's servers, or only this machine."""

    @property
    def options(self) -> Mapping[str, Option]:
        """The keys that a spec may have besides `name`, `engine` and `provider`."""

    @property
    def takes_servers(self) -> bool:
        """Whether a spec may have a `provider`."""

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return all steps that make the cloud, including those that are done; raise `RallycrossError`.

        It may inspect the nodes, and store below their roots what is decided once (ports, secrets). It changes
        nothing else.
        """

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the deployed cloud, after all steps are done."""

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """Stop the cloud's processes; its data stays, and a deploy starts it again."""

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the current state of the cloud's services; none if the cloud does not exist."""

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of one service's log, or of each (None); raise `RallycrossError` for an unknown one."""


@runtime_checkable
class BringsServers(Protocol):
    """An engine whose options, rather than a `provider` in the spec, say where its servers come from.

    Its `takes_servers` is false. Its nodes are those servers and this machine.
    """

    def provider(self, options: dict[str, Any]) -> ProviderSpec:
        """Return the provider section for the options, which are checked and have defaults."""


@runtime_checkable
class ChecksFirst(Protocol):
    """An engine that checks more of a spec than its options declare, such as files that the spec names."""

    def check(self, spec: CloudSpec) -> None:
        """Raise `InvalidInput` with every mistake; called before servers are created, and not by a destroy."""


@runtime_checkable
class RunsNoCommands(Protocol):
    """An engine whose options run no commands, so that a spec typed into a form may use it."""

    def reads(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the files on this machine that the options make it read: option -> path."""

    @property
    def commanding(self) -> Sequence[str]:
        """The exceptions: options that do run commands."""


def check_first(spec: CloudSpec) -> None:
    """Run the engine's own check of a spec, if it has one."""
    if isinstance(engine := ENGINES[spec.engine], ChecksFirst):
        engine.check(spec)


ENGINES: Registry[Engine] = Registry("rallycross.deployment.engines")
