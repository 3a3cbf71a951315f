"""An engine: what can deploy a cloud, and what it says of its options, so that a spec is checked before it acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rallycross.deployment.host import Host
from rallycross.deployment.step import Tell
from rallycross.registry import Registry


@dataclass(frozen=True)
class Option:
    """A key of a cloud spec that an engine knows."""

    kind: type  # what YAML makes of it: str, int, float, bool, list, dict
    default: Any
    description: str  # a phrase for people
    check: Callable[[Any], str | None] = lambda _: None  # "must be ..." for a bad value of the right type, or None
    excludes: tuple[str, ...] = ()  # options that cannot be given beside this one


@dataclass(frozen=True)
class CloudSpec:
    """A cloud as it is wanted: a cloud spec that has been checked."""

    name: str
    engine: str
    options: dict[str, Any] = field(repr=False)  # all that the engine knows, with defaults; may hold secrets
    text: str = field(repr=False)  # as the user wrote it
    file: str  # where


@dataclass(frozen=True)
class Deployed:
    """A cloud that stands, with what one needs to use it."""

    cloud_name: str  # the administrator's entry in the clouds.yaml
    clouds_yaml_text: str = field(repr=False)
    environment: dict[str, Any]  # what bears on its speed: versions, settings, machine; goes into reports


@dataclass(frozen=True)
class Service:
    """A part of a cloud, as `status` shows it."""

    name: str
    state: str  # "RUNNING" where all is well
    detail: str


class Engine(Protocol):
    """Makes clouds of one kind stand. All that it does, it does through the host, below `root`."""

    @property
    def options(self) -> Mapping[str, Option]:
        """The keys that a spec may have beside `name` and `engine`."""

    def deploy(self, spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> Deployed:
        """Make the cloud stand, going on from whatever an earlier call has left; raise `RallycrossError`."""

    def destroy(self, spec: CloudSpec, host: Host, *, root: str, tell: Tell) -> None:
        """End and delete all that `deploy` has made, half or whole; none is fine."""

    def stop(self, spec: CloudSpec, host: Host, *, root: str) -> None:
        """End the cloud's processes; what it holds stays, and `deploy` starts it again."""

    def status(self, spec: CloudSpec, host: Host, *, root: str) -> list[Service]:
        """Return the cloud's parts as they are now; none where it does not stand."""

    def logs(self, spec: CloudSpec, host: Host, *, root: str, service: str | None, lines: int) -> str:
        """Return the last lines of one service's log, or of each (None); raise `RallycrossError` for an unknown one."""


ENGINES: Registry[Engine] = Registry("rallycross.deployment.engines")
