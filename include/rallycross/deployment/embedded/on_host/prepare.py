"""Inspect the host, and choose once what the cloud keeps: free ports and random secrets.

Usage: python3 - make|look ROOT FIRST_PORT LAST_PORT MEMORY_GB_MIN DISK_GB_MIN PORT,... SECRET,... ADDRESS
Prints one JSON object: `complaints`, `machine`, `ports`, `secrets`, `states` of the services.
"""

import json
import os
import platform
import secrets
import shutil
import socket
import sys
import xmlrpc.client
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from control import running, supervisor


def main() -> None:
    """Print what the engine needs to know of this host."""
    make, root = sys.argv[1] == "make", Path(sys.argv[2])
    first, last = int(sys.argv[3]), int(sys.argv[4])
    memory_gb_min, disk_gb_min = float(sys.argv[5]), float(sys.argv[6])
    kept_file = root / "cloud.json"
    kept = json.loads(kept_file.read_text()) if kept_file.exists() else None
    answer = {"complaints": [], "machine": machine(root)}
    if kept is None and make:
        names, address = [name for name in sys.argv[7].split(",") if name], sys.argv[9]
        answer["complaints"] = complaints(answer["machine"], memory_gb_min, disk_gb_min, address)
        # On an address that this host does not have, no port would be free.
        ports = [] if answer["complaints"] else list(islice(free_ports(first, last, address), len(names)))
        answer["complaints"] = answer["complaints"] or too_few(ports, len(names), first, last)
        if not answer["complaints"]:
            kept = {
                "ports": dict(zip(names, ports, strict=True)),
                "secrets": {name: secrets.token_urlsafe(18) for name in sys.argv[8].split(",")},
            }
            root.mkdir(parents=True, exist_ok=True)
            root.chmod(0o700)
            part = kept_file.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(json.dumps(kept))
            part.rename(kept_file)
    if kept:
        answer |= kept
        answer["states"] = states(root, kept["secrets"]["supervisor"])
    print(json.dumps(answer))


def machine(root: Path) -> dict:
    """Return the properties of the machine, for reports and complaints."""
    memory = {line.split(":")[0]: int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines()}
    existing = root
    while not existing.exists():
        existing = existing.parent
    release = dict(
        line.rstrip().replace('"', "").split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )
    return {
        "system": release.get("PRETTY_NAME", "unknown"),
        "debian": bool({release.get("ID"), *release.get("ID_LIKE", "").split()} & {"debian", "ubuntu"}),
        "python": platform.python_version(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory["MemTotal"] / 1024**2, 1),
        "memory_free_gb": round(memory["MemAvailable"] / 1024**2, 1),
        "disk_free_gb": round(shutil.disk_usage(existing).free / 1024**3, 1),
        "user": os.environ.get("USER") or str(os.getuid()),
    }


def complaints(found: dict, memory_gb_min: float, disk_gb_min: float, address: str) -> list[str]:
    """Return the reasons why no cloud can be deployed here, each with its remedy."""
    elsewhere = "use docker compose --profile embedded, or an existing cloud (include/clouds/existing.yaml)"
    bad = []
    if not found["debian"] or not shutil.which("apt-get"):
        bad.append(f"{found['system']} is neither Debian nor Ubuntu - {elsewhere}")
    if found["memory_gb"] < memory_gb_min:
        bad.append(f"{found['memory_gb']} GB of memory, {memory_gb_min} are needed - {elsewhere}, or set memory_gb_min")
    if found["disk_free_gb"] < disk_gb_min:
        bad.append(f"{found['disk_free_gb']} GB of disk free, {disk_gb_min} are needed - free some, or set disk_gb_min")
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            bad.append(f"{address} is not an address of this host - set the server's `address` to one of its addresses")
    return bad


def too_few(ports: list[int], needed: int, first: int, last: int) -> list[str]:
    """Return the complaint about a range with too few free ports, if it has too few."""
    if last < first:
        return [f"first_port {first} is greater than last_port {last} - exchange the two"]
    if len(ports) < needed:
        what = f"{len(ports)} ports are free from {first} to {last}, {needed} are needed"
        return [f"{what} - set first_port and last_port to a wider range"]
    return []


def free_ports(first: int, last: int, address: str) -> Iterator[int]:
    """Yield ports that are free on loopback and on the address.

    The start is random, so that two clouds deployed at once choose different ports.
    """
    span = max(0, last - first + 1)
    start = secrets.randbelow(span or 1)
    for offset in range(span):
        port = first + (start + offset) % span
        if all(free(one, port) for one in {"127.0.0.1", address}):
            yield port


def free(address: str, port: int) -> bool:
    """Return whether nothing listens on a port of an address."""
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def states(root: Path, password: str) -> dict:
    """Return the state of each service from the supervisor; if that is gone, say so if it left processes."""
    try:
        rows: Any = supervisor(str(root), password).supervisor.getAllProcessInfo()
        return {row["name"]: [row["statename"], row["description"]] for row in rows}
    except (OSError, xmlrpc.client.Error):
        left = running(root)
    how = "it restarts by itself" if any(map(is_keeper, left)) else "restart it: ./rallycross cloud create SPEC"
    return {"supervisor": ["GONE", f"{len(left)} processes run without it - {how}"]} if left else {}


def is_keeper(pid: int) -> bool:
    """Return whether a process is the program that restarts the supervisor."""
    try:
        return b"/bin/keeper.py\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False


main()
