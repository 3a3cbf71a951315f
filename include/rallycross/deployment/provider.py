"""Providers: where the servers of a deployment come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rallycross.deployment.option import Option
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.registry import Registry


@dataclass(frozen=True)
class ProviderSpec:
    """The checked `provider` section of a cloud spec."""

    type: str
    options: dict[str, Any] = field(repr=False)  # every option of the provider, with defaults; may hold secrets


class Provider(Protocol):
    """Provides servers of one kind. The same section yields servers of the same names each time."""

    @property
    def options(self) -> Mapping[str, Option]:
        """The keys that the section may have beside `type`."""

    @property
    def disposable(self) -> bool:
        """Whether `destroy` deletes the servers, so that steps need not be undone on them first."""

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers, creating those that do not exist yet; each is in the ledger before it is created."""

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers that exist or may exist; create none."""

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Delete this provider's servers in the ledger, and their entries; do nothing if there are none."""


PROVIDERS: Registry[Provider] = Registry("rallycross.deployment.providers")
