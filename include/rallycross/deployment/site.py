"""The site of one cloud's deployment: this machine's folder, the connections, the ledger, who is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from rallycross.deployment.ledger import Ledger
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.runner import Terms
from rallycross.deployment.server import Server, connect
from rallycross.deployment.ssh_host import SSHHost
from rallycross.deployment.step import Tell


@dataclass(frozen=True)
class Site:
    """What a deployment works with. Connections are made at their first use, shared, and closed by `close`."""

    cloud: str
    root: str  # the cloud's folder on this machine
    ledger: Ledger
    terms: Terms
    tell: Tell = lambda _: None
    known_hosts: Path | None = None  # None: any host key is taken
    _hosts: dict[Server, SSHHost] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def here(self) -> Node:
        """This machine; steps can always name it."""
        return Node(LOCAL, LocalHost(), self.root)

    @property
    def key(self) -> Path:
        """The private key by which one signs in to the servers that a provider makes; made at the first use."""
        path = Path(f"{self.root}.key")
        with self._lock:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                part.unlink(missing_ok=True)
                key = paramiko.ECDSAKey.generate(bits=256)
                key.write_private_key_file(str(part))
                path.with_suffix(".pub").write_text(f"{key.get_name()} {key.get_base64()} rallycross\n")
                part.rename(path)
        return path

    @property
    def public_key(self) -> str:
        """Its other half, as a line of `authorized_keys`."""
        return self.key.with_suffix(".pub").read_text()

    def host(self, server: Server) -> SSHHost:
        """Return the connection to a server; raise `RallycrossError` where one cannot sign in."""
        gate = self.host(server.via) if server.via else None
        with self._lock:
            if server not in self._hosts:
                self._hosts[server] = connect(server, known_hosts=self.known_hosts, gate=gate)
            return self._hosts[server]

    def node(self, server: Server) -> Node:
        """Return a server as a node. The cloud's folder is in the home of the user that signs in."""
        host = self.host(server)
        home = host.run('printf %s "$HOME"', limit=30).out
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
