"""What an embedded cloud is told by its spec, and where it keeps what: paths, ports and secrets, kept on the host."""

from dataclasses import dataclass
from typing import Any

from rallycross.deployment.node import LOCAL

BACKING = ("mariadb", "rabbitmq", "rabbitmq_distribution")
# memcached knows no user: whoever reaches it can have its clients run what they unpickle. So it is in the root, which
# the owner alone can enter. All programs run there: as a whole, the path may be longer than a socket's may be.
CACHE = "memcached.sock"
CACHE_URL = f"unix:/proc/self/cwd/{CACHE}"  # pymemcache takes no relative path
SECRETS = ("admin", "demo", "service", "database", "messages", "cookie", "supervisor", "metadata")


@dataclass(frozen=True)
class Options:
    """The options of one spec. Units are in the names."""

    services: list[str]
    compute_hosts: int | None
    controller: str | None
    password_hash_rounds: int
    region: str
    api_workers: int
    first_port: int
    last_port: int
    memory_gb_min: float
    disk_gb_min: float
    compute_memory_gb_min: float
    compute_disk_gb_min: float
    patience_s: float
    step_limit_s: float
    python: str

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Options":
        """Return the options of a spec that has been found good."""
        return cls(**options)


@dataclass(frozen=True)
class Layout:
    """One embedded cloud as one of its hosts sees it.

    Everything is under `root`. Everything listens on 127.0.0.1, but for the APIs and the message queue of a cloud that
    has several hosts: those listen on the controller's `address`. Whatever listens on a port asks who is there.
    """

    name: str
    root: str
    ports: dict[str, int]
    secrets: dict[str, str]
    options: Options
    machine: dict[str, Any]  # what `prepare` has said of the host
    address: str = "127.0.0.1"  # the controller's, by which all hosts reach it
    host: str = LOCAL  # the node that this is about
    computes: tuple["Layout", ...] = ()  # the compute nodes, where they are others than the controller
    my_address: str = "127.0.0.1"  # this host's own

    def path(self, *parts: str) -> str:
        """Return a path under the root."""
        return "/".join((self.root, *parts))

    def bin(self, program: str) -> str:
        """Return a program of the cloud's environment."""
        return self.path("venv", "bin", program)

    def url(self, service: str) -> str:
        """Return the base of a service's API."""
        return f"http://{self.address}:{self.ports[service]}"

    @property
    def compute_hosts(self) -> tuple[str, ...]:
        """The compute hosts that run here, by name."""
        if self.computes or "nova" not in self.options.services:
            return ()
        wanted = self.options.compute_hosts
        if self.is_controller:
            return tuple(f"compute-{number}" for number in range(1, (wanted or 3) + 1))
        names = (f"{self.host}-{number}" for number in range(1, (wanted or 1) + 1))
        return tuple(names) if (wanted or 1) > 1 else (self.host,)

    @property
    def is_controller(self) -> bool:
        """Whether this host has the control plane."""
        return "mariadb" in self.ports

    @property
    def identity_url(self) -> str:
        """Where to sign in."""
        return f"{self.url('keystone')}/v3"

    @property
    def messages_url(self) -> str:
        """RabbitMQ, as oslo.messaging names it."""
        return f"rabbit://openstack:{self.secrets['messages']}@{self.address}:{self.ports['rabbitmq']}/"

    def database_url(self, database: str) -> str:
        """MariaDB, as SQLAlchemy names it."""
        return (
            f"mysql+pymysql://openstack:{self.secrets['database']}@127.0.0.1:{self.ports['mariadb']}"
            f"/{database}?charset=utf8mb4"
        )
