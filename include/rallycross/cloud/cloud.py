"""A cloud under test: its name, and the credentials of its administrator and of its users.

openstacksdk is imported when a cloud is used: that takes as long as all else that most commands do.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rallycross.errors import RallycrossError
from rallycross.file_kind import NOT_YAML
from rallycross.userfile import read_text

if TYPE_CHECKING:
    from openstack.config.cloud_region import CloudRegion
    from openstack.connection import Connection


@dataclass(frozen=True)
class Cloud:
    """A cloud as an entry of `clouds.yaml` describes it."""

    name: str
    config: dict[str, Any] = field(repr=False)  # the entry: auth, region_name, interface, verify, ...
    users: tuple["Cloud", ...] = field(default=(), repr=False)  # its own users, which the load may act as

    def connect(self) -> "Connection":
        """Return a connection, which signs in at its first request; raise `SignInFailed` for an unusable entry.

        `OS_*` variables and `clouds.yaml` files of the environment are ignored. Requests have limits, and temporary
        failures are retried (see `session`).
        """
        from openstack.connection import Connection  # noqa: PLC0415

        return Connection(config=self.region(), vendor_hook=self.config.get("vendor_hook"))

    def region(self, **defaults: Any) -> "CloudRegion":
        """Return the entry as openstacksdk reads it; `defaults` are for missing keys.

        Nothing is sent. Raise `SignInFailed` if the entry cannot be used.
        """
        from rallycross.cloud.entry import region_of  # noqa: PLC0415
        from rallycross.cloud.session import CloudSession  # noqa: PLC0415

        return region_of(self.name, {**defaults, **self.config}, CloudSession)

    @property
    def is_none(self) -> bool:
        """Whether there is no cloud, for loads that do not need one."""
        return not self.config

    @classmethod
    def from_file(cls, path: Path, name: str) -> "Cloud":
        """Read the entry `name` of a clouds.yaml that Rallycross wrote. For a user's own file see `CloudsFile`."""
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
        """Return the cloud `name` from the entries of a clouds.yaml, with its own users (`user_entries`)."""
        return cls(name, entries[name], tuple(cls(name, entry) for entry in user_entries(name, entries).values()))


def user_entries(name: str, entries: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the entries of a cloud's own users: `<name>-user-0`, `<name>-user-1` and so on."""
    named = (f"{name}-user-{number}" for number in itertools.count())
    return {one: entries[one] for one in itertools.takewhile(entries.__contains__, named)}


NO_CLOUD = Cloud("none", {})
