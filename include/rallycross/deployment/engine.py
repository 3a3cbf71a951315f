"""An engine: what can deploy a cloud."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from rallycross.deployment.node import Node
from rallycross.deployment.option import Option
from rallycross.deployment.provider import Provided
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
    """A cloud as it is wanted: a cloud spec that has been checked."""

    name: str
    engine: str
    options: dict[str, Any] = field(repr=False)  # all that the engine knows, with defaults; may hold secrets
    text: str = field(repr=False)  # as the user wrote it
    file: str  # where
    provider: Provided | None = None  # None: this machine
    secrets: tuple[str, ...] = field(default=(), repr=False)  # texts in it that must be shown to nobody


@dataclass(frozen=True)
class Deployed:
    """A cloud that stands, with what one needs to use it."""

    cloud_name: str  # the administrator's entry in the clouds.yaml
    clouds_yaml_text: str = field(repr=False)
    environment: dict[str, Any]  # what bears on its speed: versions, settings, machine; goes into reports
    ca: str = ""  # PEM of the authority that has signed its certificates; "" = one that is known anyway
    regions: tuple[str, ...] = ()
    nodes: tuple[dict[str, Any], ...] = ()  # how to get to its servers, see `Node.kept`; not for an engine to say


@dataclass(frozen=True)
class Service:
    """A part of a cloud, as `status` shows it."""

    name: str
    state: str  # "RUNNING" where all is well
    detail: str


class Engine(Protocol):
    """Makes clouds of one kind stand. `nodes` are the provider's servers, or this machine alone."""

    @property
    def options(self) -> Mapping[str, Option]:
        """The keys that a spec may have beside `name`, `engine` and `provider`."""

    @property
    def takes_servers(self) -> bool:
        """Whether a spec may have a `provider`."""

    def plan(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Plan:
        """Return the steps from nothing to the cloud, those that are done too; raise `RallycrossError`.

        May look at the nodes, and keep below their roots what is decided once (ports, secrets); makes nothing else.
        """

    def cloud(self, spec: CloudSpec, nodes: Sequence[Node], site: Site) -> Deployed:
        """Return the cloud, after all steps are done."""

    def stop(self, spec: CloudSpec, nodes: Sequence[Node]) -> None:
        """End the cloud's processes; what it holds stays, and a deploy starts it again."""

    def status(self, spec: CloudSpec, nodes: Sequence[Node]) -> list[Service]:
        """Return the cloud's parts as they are now; none where it does not stand."""

    def logs(self, spec: CloudSpec, nodes: Sequence[Node], *, service: str | None, lines: int) -> str:
        """Return the last lines of one service's log, or of each (None); raise `RallycrossError` for an unknown one."""


@runtime_checkable
class BringsServers(Protocol):
    """An engine whose options say where its servers come from, in the place of a spec's `provider`.

    It takes no servers, so its nodes are its provider's and this machine.
    """

    def provider(self, options: dict[str, Any]) -> Provided:
        """Return the provider that the options, checked and with defaults, stand for."""


@runtime_checkable
class ChecksFirst(Protocol):
    """An engine that has more to say of a spec than its options can, such as of files that the spec names."""

    def check(self, spec: CloudSpec) -> None:
        """Raise `InvalidInput` with all that is wrong; called before servers are made, and not by a destroy."""


@runtime_checkable
class RunsNoCommands(Protocol):
    """An engine that has no command run by its options, and so can be had by a spec that is typed into a form."""

    def reads(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the files of this machine that options, with defaults, have it read: option -> path."""

    @property
    def commanding(self) -> Sequence[str]:
        """The options that are exceptions."""


def check_first(spec: CloudSpec) -> None:
    """Have the engine check a spec, where it does that before servers are made."""
    if isinstance(engine := ENGINES[spec.engine], ChecksFirst):
        engine.check(spec)


ENGINES: Registry[Engine] = Registry("rallycross.deployment.engines")
