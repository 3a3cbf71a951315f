"""The options of the embedded cloud, with defaults for two cores and 8 GB of memory."""

from collections.abc import Iterable
from typing import Any

from rallycross.deployment.embedded.layout import BACKING
from rallycross.deployment.embedded.service import DEPLOYABLE, IDENTITY
from rallycross.deployment.option import Option, texts
from rallycross.deployment.option import within as _within

PORTS = (*BACKING, *DEPLOYABLE)


def with_needs(wanted: Iterable[str]) -> list[str]:
    """Return services and those that they need, in order of creation."""
    found = {IDENTITY, *wanted}
    while more := {need for name in found for need in DEPLOYABLE[name].needs} - found:
        found |= more
    return sorted(found, key=_place)


def _place(name: str) -> tuple[int, str]:
    """Return the sort key of a service: keystone first, each after those that it needs."""
    below = [_place(need)[0] for need in DEPLOYABLE[name].needs]
    return 0 if name == IDENTITY else 1 + max(below, default=0), name


SERVICES = tuple(with_needs(DEPLOYABLE))
"""All services, in order of creation."""


def _services(value: list[Any]) -> str | None:
    if unknown := [name for name in value if name not in DEPLOYABLE]:
        return f"has the unknown service {unknown[0]!r}; known services: {', '.join(SERVICES)}"
    missing = [name for name in with_needs(value) if name not in value]
    return f"must also have {' and '.join(missing)}, which the others need" if missing else None


OPTIONS = {
    "services": Option(list, list(SERVICES), "the services to deploy", _services),
    "compute_hosts": Option(
        int,
        None,
        "compute hosts, each with a fake hypervisor: 3 on one machine, 1 on each compute node",
        _within(1, 100),
    ),
    "controller": Option(str, None, "the server with the control plane; default: the first. Others are compute nodes"),
    "password_hash_rounds": Option(int, 4, "cost of keystone's password hashes; production uses 12", _within(4, 16)),
    "region": Option(str, "RegionOne", "the name of the region"),
    "api_workers": Option(int, 2, "processes of nova and of neutron; keystone has twice as many", _within(1, 64)),
    "image_hosts": Option(
        list,
        ["127.0.0.1"],
        "hosts that glance may download images from; empty: all but its machine's loopback",
        texts,
    ),
    "first_port": Option(int, 20000, "the first port of the range to choose free ports from", _within(1024, 65535)),
    "last_port": Option(int, 29999, "the last port of that range, below the ephemeral ports", _within(1024, 65535)),
    "memory_gb_min": Option(float, 6.0, "GB of memory that the controller must have", _within(0, 10_000)),
    "disk_gb_min": Option(float, 5.0, "GB of free disk that it needs for a first deploy", _within(0, 100_000)),
    "compute_memory_gb_min": Option(float, 1.0, "GB of memory that a compute node must have", _within(0, 10_000)),
    "compute_disk_gb_min": Option(float, 2.0, "GB of free disk that it needs for a first deploy", _within(0, 100_000)),
    "patience_s": Option(float, 120.0, "seconds to wait for a service that makes no progress", _within(1, 86400)),
    "step_limit_s": Option(float, 3600.0, "seconds that a step may take, even with progress", _within(60, 86400)),
    "python": Option(str, "", "the host's Python; empty = the first of 3.12, 3.13, 3.11 that runs"),
}
