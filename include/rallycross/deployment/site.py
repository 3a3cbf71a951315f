"""What the deployment of one cloud works with: its folder on this machine, connections, ledger and listener."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rallycross.deployment.ledger import Ledger
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.runner import Terms
from rallycross.deployment.server import Server
from rallycross.deployment.step import Tell

if TYPE_CHECKING:
    from rallycross.deployment.ssh_host import SSHHost


@dataclass(frozen=True)
class Site:
    """What a deployment works with. Connections are opened at first use, shared, and closed by `close`."""

    cloud: str
    root: str  # the cloud's folder on this machine
    ledger: Ledger
    terms: Terms
    tell: Tell = lambda _: None
    known_hosts: Path | None = None  # None: any host key is accepted
    _hosts: dict[Server, "SSHHost"] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def here(self) -> Node:
        """This machine. A step can always run on it."""
        return Node(LOCAL, LocalHost(), self.root)

    @property
    def key(self) -> Path:
        """The private key for servers that a provider makes; created at first use."""
        from rallycross.deployment.connect import key_at  # noqa: PLC0415 - see `connect`

        with self._lock:
            return key_at(Path(f"{self.root}.key"))

    @property
    def public_key(self) -> str:
        """The public key, as a line of `authorized_keys`."""
        return self.key.with_suffix(".pub").read_text()

    def host(self, server: Server) -> "SSHHost":
        """Return the connection to a server; raise `RallycrossError` if signing in fails."""
        from rallycross.deployment.connect import connect  # noqa: PLC0415 - see `connect`

        jump_host = self.host(server.via) if server.via else None
        with self._lock:
            if server not in self._hosts:
                self._hosts[server] = connect(server, known_hosts=self.known_hosts, jump_host=jump_host)
            return self._hosts[server]

    def made_anew(self, server: Server) -> None:
        """Accept a new host key from a server that is about to be reinstalled."""
        from rallycross.deployment.connect import forget_key  # noqa: PLC0415 - see `connect`

        if self.known_hosts:
            forget_key(server, self.known_hosts)

    def node(self, server: Server) -> Node:
        """Return a server as a node. The cloud's folder is in the home of the user we sign in as."""
        host = self.host(server)
        home = host.run('printf %s "$HOME"').out
        return Node(server.name, host, f"{home}/.rallycross/clouds/{self.cloud}", server)

    def close(self) -> None:
        """Close the connections."""
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()


@contextmanager
def opened(site: Site) -> Iterator[Site]:
    """Close the site's connections at the end."""
    try:
        yield site
    finally:
        site.close()
