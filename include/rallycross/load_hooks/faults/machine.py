"""Machines that faults may be made on: only a cloud's nodes, and hosts that its spec or a hook names."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rallycross.deployment import CloudSpec, LocalHost
from rallycross.deployment.connect import connect
from rallycross.deployment.host import Host
from rallycross.deployment.server import Server
from rallycross.load_hooks.faults.scripts import Services, Supervised, Systemd


@dataclass(frozen=True)
class Machine:
    """A machine: how to connect to it, and what manages its services."""

    name: str
    services: Services
    server: Server | None = None  # None = this machine, on which faults of a whole node are refused
    networks: Mapping[str, str] = field(default_factory=dict)  # name -> interface
    known_hosts: Path | None = None  # SSH host keys of the cloud's servers; None = any key is accepted


def machines_of(
    spec: CloudSpec | None, root: str, nodes: Sequence[Mapping[str, Any]] = (), *, known_hosts: Path | None = None
) -> dict[str, Machine]:
    """Return a cloud's machines: its nodes, as `Node.kept` stores them, or the hosts that its spec names.

    An embedded cloud without nodes is this machine, with the supervisor in its folder `root`.
    """
    if spec is None:
        return {}
    embedded = spec.engine == "embedded"
    if nodes:
        return {
            node["server"]["name"]: Machine(
                node["server"]["name"],
                Supervised(node["root"]) if embedded else Systemd(),
                Server.of(node["server"]),
                known_hosts=known_hosts,
            )
            for node in nodes
        }
    if embedded:
        return {LocalHost.name: Machine(LocalHost.name, Supervised(root))}
    return named(spec.options.get("hosts") or {}, known_hosts=known_hosts)


def named(hosts: Mapping[str, Mapping[str, Any]], *, known_hosts: Path | None = None) -> dict[str, Machine]:
    """Return machines from a mapping in the schema of named hosts."""
    return {
        name: Machine(
            name,
            Systemd(given.get("services", {})),
            Server(name, **{key: given[key] for key in ("host", "user", "port", "key") if key in given}),
            given.get("networks", {}),
            known_hosts,
        )
        for name, given in hosts.items()
    }


def kept(machine: Machine) -> dict[str, Any]:
    """Return what the ledger must have to connect to a machine again."""
    return {
        "server": machine.server.kept() if machine.server else None,
        "known_hosts": str(machine.known_hosts) if machine.known_hosts else None,
    }


@contextmanager
def at(server: Server | None, known_hosts: Path | None) -> Iterator[Host]:
    """Connect to a machine; raise `RallycrossError` if that fails."""
    if server is None:
        yield LocalHost()
        return
    host = connect(server, known_hosts=known_hosts)
    try:
        yield host
    finally:
        host.close()
