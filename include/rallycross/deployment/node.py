"""A node: one host of a deployment, with the name that steps use, and the cloud's folder on it."""

from dataclasses import dataclass
from typing import Any

from rallycross.deployment.host import Host
from rallycross.deployment.server import Server

LOCAL = "localhost"


@dataclass(frozen=True)
class Node:
    """A connected host. `server` is None for this machine."""

    name: str
    host: Host
    root: str  # the cloud's folder there
    server: Server | None = None

    @property
    def address(self) -> str:
        """The address at which the other nodes reach it."""
        return self.server.inside if self.server else "127.0.0.1"

    @property
    def kept(self) -> dict[str, Any] | None:
        """How other processes reach it; None for this machine, and if more than a key is needed."""
        if self.server is None or self.server.via or self.server.password:
            return None
        return {"root": self.root, "server": self.server.kept()}
