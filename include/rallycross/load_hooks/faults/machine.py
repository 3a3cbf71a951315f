"""Machines that faults may be made on: those that a cloud's spec or a hook names, and no others."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import paramiko

from rallycross.deployment import CloudSpec, LocalHost
from rallycross.deployment.host import Host
from rallycross.deployment.ssh_host import SSHHost
from rallycross.errors import RallycrossError
from rallycross.load_hooks.faults.scripts import Services, Supervised, Systemd

_PATIENCE = 15  # seconds for a connection, and for each part of the sign-in


@dataclass(frozen=True)
class Reach:
    """How to sign in to a machine by SSH."""

    host: str
    user: str = "root"
    port: int = 22
    key: str | None = None


@dataclass(frozen=True)
class Machine:
    """A machine, how to get to it, and what runs its services."""

    name: str
    services: Services
    reach: Reach | None = None  # None: this machine, which is not to be broken as a whole
    networks: Mapping[str, str] = field(default_factory=dict)  # name -> interface


def machines_of(spec: CloudSpec | None, root: str) -> dict[str, Machine]:
    """Return the machines of a cloud that its spec names; an embedded cloud's is this one, with its own supervisor."""
    if spec is None:
        return {}
    if spec.engine == "embedded":
        return {LocalHost.name: Machine(LocalHost.name, Supervised(root))}
    return named(spec.options.get("hosts") or {})


def named(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Machine]:
    """Return machines as the schema of named hosts describes them."""
    return {
        name: Machine(
            name,
            Systemd(given.get("services", {})),
            Reach(**{key: given[key] for key in ("host", "user", "port", "key") if key in given}),
            given.get("networks", {}),
        )
        for name, given in hosts.items()
    }


def kept(machine: Machine) -> dict[str, Any]:
    """Return what the ledger has to know to get to a machine again."""
    return {"machine": machine.name, "reach": asdict(machine.reach) if machine.reach else None}


@contextmanager
def at(name: str, reach: Reach | None) -> Iterator[Host]:
    """Sign in to a machine; raise `RallycrossError` where that cannot be done."""
    if reach is None:
        yield LocalHost()
        return
    with paramiko.SSHClient() as client:
        client.load_system_host_keys()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        try:
            client.connect(
                reach.host,
                port=reach.port,
                username=reach.user,
                key_filename=str(Path(reach.key).expanduser()) if reach.key else None,
                allow_agent=reach.key is None,
                look_for_keys=reach.key is None,
                timeout=_PATIENCE,
                banner_timeout=_PATIENCE,
                auth_timeout=_PATIENCE,
            )
        except (OSError, EOFError, paramiko.SSHException) as error:
            where = f"{name} ({reach.user}@{reach.host}:{reach.port})"
            raise RallycrossError(f"{where} cannot be signed in to: {error or type(error).__name__}") from error
        yield SSHHost(client, name=name)
