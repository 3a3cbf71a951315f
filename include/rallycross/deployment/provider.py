"""A provider: where the servers of a deployment come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rallycross.deployment.option import Option
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.registry import Registry


@dataclass(frozen=True)
class Provided:
    """The `provider` of a cloud spec, checked."""

    type: str
    options: dict[str, Any] = field(repr=False)  # all that the provider knows, with defaults; may hold secrets


class Provider(Protocol):
    """Gives servers of one kind. Their names are lasting: the same section gives the same servers each time."""

    @property
    def options(self) -> Mapping[str, Option]:
        """The keys that the section may have beside `type`."""

    @property
    def disposable(self) -> bool:
        """Whether `destroy` ends the servers, so that nothing needs to be taken back on them before."""

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers, making those that do not stand yet; each is in the ledger before it is made."""

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the servers that stand or may stand; make none."""

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """End the servers that the ledger has of this provider, and forget them; none is fine."""


PROVIDERS: Registry[Provider] = Registry("rallycross.deployment.providers")
