"""Where an embedded cloud keeps what: paths, ports and secrets, decided once and kept on the host."""

from dataclasses import dataclass
from typing import Any

from rallycross.deployment.embedded.options import Options

BACKING = ("mariadb", "epmd", "rabbitmq", "rabbitmq_distribution", "memcached", "supervisor")
APIS = ("keystone", "glance", "placement", "nova", "neutron", "cinder")
PORTS = (*BACKING, *APIS)
SECRETS = ("admin", "demo", "service", "database", "messages", "cookie", "supervisor", "metadata")


@dataclass(frozen=True)
class Layout:
    """One embedded cloud on one host. Everything is under `root`, and everything listens on 127.0.0.1."""

    name: str
    root: str
    ports: dict[str, int]
    secrets: dict[str, str]
    options: Options
    machine: dict[str, Any]  # what `prepare` has said of the host

    def path(self, *parts: str) -> str:
        """Return a path under the root."""
        return "/".join((self.root, *parts))

    def bin(self, program: str) -> str:
        """Return a program of the cloud's environment."""
        return self.path("venv", "bin", program)

    def url(self, service: str) -> str:
        """Return the base of a service's API."""
        return f"http://127.0.0.1:{self.ports[service]}"

    @property
    def identity_url(self) -> str:
        """Where to sign in."""
        return f"{self.url('keystone')}/v3"

    @property
    def messages_url(self) -> str:
        """RabbitMQ, as oslo.messaging names it."""
        return f"rabbit://openstack:{self.secrets['messages']}@127.0.0.1:{self.ports['rabbitmq']}/"

    def database_url(self, database: str) -> str:
        """MariaDB, as SQLAlchemy names it."""
        return (
            f"mysql+pymysql://openstack:{self.secrets['database']}@127.0.0.1:{self.ports['mariadb']}"
            f"/{database}?charset=utf8mb4"
        )
