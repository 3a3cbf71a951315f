"""A node: one host of a deployment, by the name that steps use, and the cloud's folder on it."""

from dataclasses import dataclass

from rallycross.deployment.host import Host
from rallycross.deployment.server import Server

LOCAL = "localhost"


@dataclass(frozen=True)
class Node:
    """A host, signed in to. `server` is None for this machine."""

    name: str
    host: Host
    root: str  # the cloud's folder there
    server: Server | None = None

    @property
    def address(self) -> str:
        """Where the other nodes reach it."""
        return self.server.inside if self.server else "127.0.0.1"
