"""The options of an embedded cloud, and its layout: paths, ports and secrets, which are stored on the host."""

from dataclasses import dataclass
from typing import Any

from rallycross.deployment.node import LOCAL

BACKING = ("mariadb", "rabbitmq", "rabbitmq_distribution")
# memcached has no authentication, and its clients unpickle what it returns. So its socket is in the root, which only
# the owner can enter. All programs run in that folder; the absolute path may be too long for a socket.
CACHE = "memcached.sock"
CACHE_URL = f"unix:/proc/self/cwd/{CACHE}"  # pymemcache does not accept a relative path
SECRETS = ("admin", "demo", "service", "database", "messages", "cookie", "supervisor", "metadata")


@dataclass(frozen=True)
class EmbeddedOptions:
    """The options of one spec. Their names include the units."""

    services: list[str]
    compute_hosts: int | None
    controller: str | None
    password_hash_rounds: int
    region: str
    api_workers: int
    image_hosts: list[str]
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
    def of(cls, options: dict[str, Any]) -> "EmbeddedOptions":
        """Return the options of a checked spec."""
        return cls(**options)


@dataclass(frozen=True)
class Layout:
    """One embedded cloud as one of its hosts sees it.

    Everything is under `root`, and listens on 127.0.0.1. In a cloud of several hosts the APIs and the message queue
    listen on the controller's `address`. Everything that listens on a port requires authentication.
    """

    name: str
    root: str
    ports: dict[str, int]
    secrets: dict[str, str]
    options: EmbeddedOptions
    machine: dict[str, Any]  # what `prepare` reports of the host
    address: str = "127.0.0.1"  # the controller's, at which all hosts reach it
    host: str = LOCAL  # the name of this host's node
    computes: tuple["Layout", ...] = ()  # the compute nodes besides the controller
    my_address: str = "127.0.0.1"  # this host's own

    def path(self, *parts: str) -> str:
        """Return a path under the root."""
        return "/".join((self.root, *parts))

    def bin(self, program: str) -> str:
        """Return the path of a program in the cloud's environment."""
        return self.path("venv", "bin", program)

    def url(self, service: str) -> str:
        """Return the base URL of a service's API."""
        return f"http://{self.address}:{self.ports[service]}"

    @property
    def compute_hosts(self) -> tuple[str, ...]:
        """The names of the compute hosts that run on this host."""
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
        """The URL of keystone."""
        return f"{self.url('keystone')}/v3"

    @property
    def messages_url(self) -> str:
        """The transport URL of RabbitMQ, for oslo.messaging."""
        return f"rabbit://openstack:{self.secrets['messages']}@{self.address}:{self.ports['rabbitmq']}/"

    def database_url(self, database: str) -> str:
        """Return the URL of a database, for SQLAlchemy."""
        return (
            f"mysql+pymysql://openstack:{self.secrets['database']}@127.0.0.1:{self.ports['mariadb']}"
            f"/{database}?charset=utf8mb4"
        )
