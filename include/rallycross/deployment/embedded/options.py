"""What a spec of the embedded cloud may set, with defaults that suit two cores and 8 GB."""

from collections.abc import Iterable
from typing import Any

from rallycross.deployment.embedded.layout import BACKING
from rallycross.deployment.embedded.service import DEPLOYABLE, IDENTITY
from rallycross.deployment.option import Option
from rallycross.deployment.option import within as _within

PORTS = (*BACKING, *DEPLOYABLE)


def with_needs(wanted: Iterable[str]) -> list[str]:
    """Return services with those that they cannot do without, in the order of their making."""
    found = {IDENTITY, *wanted}
    while more := {need for name in found for need in DEPLOYABLE[name].needs} - found:
        found |= more
    return sorted(found, key=_place)


def _place(name: str) -> tuple[int, str]:
    """Return where a service stands in the order of making: keystone first, each behind what it needs."""
    below = [_place(need)[0] for need in DEPLOYABLE[name].needs]
    return 0 if name == IDENTITY else 1 + max(below, default=0), name


SERVICES = tuple(with_needs(DEPLOYABLE))
"""All that there is, in the order of their making."""


def _services(value: list[Any]) -> str | None:
    if unknown := [name for name in value if name not in DEPLOYABLE]:
        return f"must have none but {', '.join(SERVICES)}, unlike {unknown[0]!r}"
    missing = [name for name in with_needs(value) if name not in value]
    return f"must have {' and '.join(missing)}, too: the others need it" if missing else None


OPTIONS = {
    "services": Option(list, list(SERVICES), "which services to deploy", _services),
    "compute_hosts": Option(
        int,
        None,
        "compute hosts, each with a fake hypervisor: 3 on one machine, 1 on each compute node",
        _within(1, 100),
    ),
    "controller": Option(str, None, "the server that has the control plane: the first, unless named; others compute"),
    "password_hash_rounds": Option(int, 4, "cost of keystone's password hashes; production has 12", _within(4, 16)),
    "region": Option(str, "RegionOne", "the name of the region"),
    "api_workers": Option(int, 2, "processes of nova and of neutron, half as many as of keystone", _within(1, 64)),
    "first_port": Option(int, 20000, "the first of the ports to choose free ones from", _within(1024, 65535)),
    "last_port": Option(int, 29999, "the last of them; below the range that connections take", _within(1024, 65535)),
    "memory_gb_min": Option(float, 6.0, "memory that the controller must have", _within(0, 10_000)),
    "disk_gb_min": Option(float, 5.0, "free disk that it must have for a first deploy", _within(0, 100_000)),
    "compute_memory_gb_min": Option(float, 1.0, "memory that a compute node must have", _within(0, 10_000)),
    "compute_disk_gb_min": Option(float, 2.0, "free disk that it must have for a first deploy", _within(0, 100_000)),
    "patience_s": Option(float, 120.0, "seconds to wait for a service in which nothing moves", _within(1, 86400)),
    "step_limit_s": Option(float, 3600.0, "seconds that a step may take, whatever moves in it", _within(60, 86400)),
    "python": Option(str, "", "the host's Python to use; empty = the first of 3.12, 3.13, 3.11 that runs"),
}
