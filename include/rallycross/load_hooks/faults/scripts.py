"""Bash scripts that make faults on a machine, each with the script that undoes it. Pure.

An undo script does nothing if there is nothing to undo, so it may run twice, or after a manual repair.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Protocol

from rallycross.errors import RallycrossError

_INTERFACE = re.compile(r"[A-Za-z0-9_.-]{1,15}")
_AS_ROOT = 'as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -- "$@"; fi; }\n'

# A service that is not running has the pid 0, and -0 would be the script's own process group.
_SIGNAL = """signal() {
    pid=$(control pid "$2") || pid=0
    [ "$pid" -gt 1 ] || { echo "$2 does not run" >&2; return 1; }
    kill "-$1" -- "-$pid"
}
"""


@dataclass(frozen=True)
class Scripts:
    """One fault on one machine."""

    do: str
    undo: str = ""  # "" = it cannot be undone, or it is itself a repair


class Services(Protocol):
    """The service manager of a machine. `Supervised` and `Systemd` implement it."""

    def list(self) -> str:
        """Return the script that prints the services' names, one per line."""

    def fault(self, act: str, service: str) -> Scripts:
        """Return the scripts of an act on a service."""


@dataclass(frozen=True)
class Supervised:
    """Services under the cloud's own supervisor, whose configuration and program are below `root`."""

    root: str

    def list(self) -> str:
        """Return the script that prints the services' names, one per line."""
        return f"{self._control}control avail | cut -d' ' -f1"

    def fault(self, act: str, service: str) -> Scripts:
        """Return the scripts of an act on a service. Signals go to all processes of the service."""
        name = quote(service)
        start = f"control status {name} >/dev/null || control start {name}"
        go_on = f"signal CONT {name} || true"
        do, undo = {
            "restart": (f"control restart {name}", ""),
            "stop": (f"control stop {name}", start),
            "terminate": (f"signal TERM {name}", start),
            "kill": (f"signal KILL {name}", start),
            "start": (start, ""),
            "freeze": (f"signal STOP {name}", go_on),
            "unfreeze": (f"signal CONT {name}", ""),
        }[act]
        return Scripts(self._control + do, undo and self._control + undo)

    @property
    def _control(self) -> str:
        # Run from `root` with a relative path: the absolute path may be too long for a Unix socket.
        program = f'cd {quote(self.root)} && venv/bin/supervisorctl -c etc/supervisord.conf "$@"'
        return f"control() {{ ({program}); }}\n{_SIGNAL}"


@dataclass(frozen=True)
class Systemd:
    """Services that are systemd units: of the same name, or of the name in `units`."""

    units: Mapping[str, str] = field(default_factory=dict)

    def list(self) -> str:
        """Return the script that prints the services' names, one per line."""
        known = " ".join(quote(name) for name in self.units)
        return (
            f"printf '%s\\n' {known}\n"
            "for what in list-unit-files 'list-units --all'; do\n"
            "    systemctl $what --type=service --plain --no-legend | sed 's/[.]service .*//'\n"
            "done"
        )

    def fault(self, act: str, service: str) -> Scripts:
        """Return the scripts of an act on a service. Signals go to all processes of the service."""
        unit = quote(self.units.get(service, service))
        do, undo = {
            "restart": (f"restart {unit}", ""),
            "stop": (f"stop {unit}", f"start {unit}"),
            "terminate": (f"kill --signal=TERM {unit}", f"start {unit}"),
            "kill": (f"kill --signal=KILL {unit}", f"start {unit}"),
            "start": (f"start {unit}", ""),
            "freeze": (f"kill --signal=STOP {unit}", f"kill --signal=CONT {unit}"),
            "unfreeze": (f"kill --signal=CONT {unit}", ""),
        }[act]
        return Scripts(_as_root(f"systemctl {do}"), _as_root(f"systemctl {undo}") if undo else "")


def node_fault(act: str) -> Scripts:
    """Return the script of an act on a whole machine. The act begins a second after the script has returned."""
    command = {
        "reboot": "systemctl reboot",
        "shutdown": "systemctl poweroff",
        "reset": "sh -c 'echo b > /proc/sysrq-trigger'",  # at once, without syncing disks
        "poweroff": "sh -c 'echo o > /proc/sysrq-trigger'",
    }[act]
    return Scripts(
        f"{_AS_ROOT}as_root true\nexport -f as_root\n"
        f"setsid bash -c {quote(f'sleep 1; as_root {command}')} </dev/null >/dev/null 2>&1 &"
    )


def network_fault(act: str, interface: str, ssh_port: int) -> Scripts:
    """Return the scripts that cut a machine off from a network, except for SSH, and connect it again."""
    if not _INTERFACE.fullmatch(interface):
        raise RallycrossError(
            f"{interface!r} is not the name of a network interface - name one, or map the network to one"
        )
    table = f"rallycross_{interface}"
    connect = _as_root(f"nft list table inet {table} >/dev/null 2>&1 || exit 0\nas_root nft delete table inet {table}")
    if act == "connect":
        return Scripts(connect)
    rules = "\n".join(
        f'  chain {chain} {{ type filter hook {chain} priority -300; {side}name != "{interface}" accept; '
        f"tcp {port} {ssh_port} accept; drop; }}"
        for chain, side, port in (("input", "iif", "dport"), ("output", "oif", "sport"))
    )
    forward = (
        f'  chain forward {{ type filter hook forward priority -300; iifname "{interface}" drop; '
        f'oifname "{interface}" drop; }}'
    )
    load = f"as_root nft -f - <<'EOF'\ntable inet {table} {{\n{rules}\n{forward}\n}}\nEOF"
    return Scripts(f"{_AS_ROOT}ip link show dev {interface} >/dev/null\n{load}", connect)


def _as_root(command: str) -> str:
    return f"{_AS_ROOT}as_root {command}"
