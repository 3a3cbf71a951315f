"""A cloud under test: its name, and what one needs to sign in to it, as its administrator and as its users."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from openstack.config.cloud_region import CloudRegion
from openstack.connection import Connection

from rallycross.cloud.entry import region_of
from rallycross.cloud.session import CloudSession
from rallycross.errors import RallycrossError
from rallycross.file_kind import NOT_YAML
from rallycross.userfile import read_text


@dataclass(frozen=True)
class Cloud:
    """A cloud, as an entry of `clouds.yaml` describes it."""

    name: str
    config: dict[str, Any] = field(repr=False)  # the entry: auth, region_name, interface, verify, ...
    users: tuple["Cloud", ...] = field(default=(), repr=False)  # its own users, for the load to act as

    def connect(self) -> Connection:
        """Return a connection, which signs in at its first request; raise `SignInFailed` for an entry of no use.

        The environment's `OS_*` variables and `clouds.yaml` files have no say. Its requests have limits, and those that
        fail in passing are sent again (see `session`).
        """
        return Connection(config=self.region(), vendor_hook=self.config.get("vendor_hook"))

    def region(self, **defaults: Any) -> CloudRegion:
        """Return the entry as openstacksdk reads it; `defaults` are for keys that it does not have.

        Nothing is sent. Raise `SignInFailed` where it cannot be used.
        """
        return region_of(self.name, {**defaults, **self.config}, CloudSession)

    @property
    def is_none(self) -> bool:
        """Whether there is no cloud at all: for loads that need none."""
        return not self.config

    @classmethod
    def from_file(cls, path: Path, name: str) -> "Cloud":
        """Read the entry `name` of a clouds.yaml that Rallycross has written; a user's own is a `CloudsFile`."""
        try:
            clouds = yaml.safe_load(read_text(path, remedy="name a clouds.yaml"))["clouds"]
        except NOT_YAML as error:
            raise RallycrossError(f"{path}: not a clouds.yaml ({error}) - name a file that has `clouds:`") from error
        if not isinstance(clouds, dict) or not all(isinstance(entry, dict) for entry in clouds.values()):
            raise RallycrossError(f"{path}: not a clouds.yaml - under `clouds:` each name has a mapping")
        if name not in clouds:
            raise RallycrossError(
                f"{path}: has no cloud {name!r} - it has: {', '.join(sorted(map(str, clouds))) or 'none'}"
            )
        return cls.of(name, clouds)

    @classmethod
    def of(cls, name: str, entries: Mapping[str, dict[str, Any]]) -> "Cloud":
        """Return the cloud `name` of a clouds.yaml's entries, with the users that stand beside it (`user_entries`)."""
        return cls(name, entries[name], tuple(cls(name, entry) for entry in user_entries(name, entries).values()))


def user_entries(name: str, entries: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the entries of a cloud's own users: those named `<name>-user-0`, `<name>-user-1` and so on."""
    named = (f"{name}-user-{number}" for number in itertools.count())
    return {one: entries[one] for one in itertools.takewhile(entries.__contains__, named)}


NO_CLOUD = Cloud("none", {})
