"""What faults are on a machine: bash scripts, each with the one that undoes it. Pure.

A script that undoes does nothing where there is nothing to undo, so that it may run twice, and after a repair.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Protocol

from rallycross.errors import RallycrossError

_INTERFACE = re.compile(r"[A-Za-z0-9_.-]{1,15}")
_AS_ROOT = 'as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -- "$@"; fi; }\n'

# A service that does not run has the id 0, and -0 would be the script's own group.
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
    undo: str = ""  # "" = cannot be undone, or is itself a repair


class Services(Protocol):
    """What starts and ends the services of a machine. `Supervised` and `Systemd` are the two implementations."""

    def list(self) -> str:
        """Return the script that prints the services' names, one a line."""

    def fault(self, act: str, service: str) -> Scripts:
        """Return what an act on a service is."""


@dataclass(frozen=True)
class Supervised:
    """Services under a supervisor of the cloud's own, whose configuration and program are below `root`."""

    root: str

    def list(self) -> str:
        """Return the script that prints the services' names, one a line."""
        return f"{self._control}control avail | cut -d' ' -f1"

    def fault(self, act: str, service: str) -> Scripts:
        """Return what an act on a service is. Signals go to all processes of the service."""
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
        # From the root: the path of the supervisor's socket may be longer than a socket's may be.
        program = f'cd {quote(self.root)} && venv/bin/supervisorctl -c etc/supervisord.conf "$@"'
        return f"control() {{ ({program}); }}\n{_SIGNAL}"


@dataclass(frozen=True)
class Systemd:
    """Services that are systemd's units: of the same names, or of those that `units` gives them."""

    units: Mapping[str, str] = field(default_factory=dict)

    def list(self) -> str:
        """Return the script that prints the services' names, one a line."""
        known = " ".join(quote(name) for name in self.units)
        return (
            f"printf '%s\\n' {known}\n"
            "for what in list-unit-files 'list-units --all'; do\n"
            "    systemctl $what --type=service --plain --no-legend | sed 's/[.]service .*//'\n"
            "done"
        )

    def fault(self, act: str, service: str) -> Scripts:
        """Return what an act on a service is. Signals go to all processes of the service."""
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
    """Return what an act on a machine as a whole is. It goes on after the script, which can so tell that it began."""
    command = {
        "reboot": "systemctl reboot",
        "shutdown": "systemctl poweroff",
        "reset": "sh -c 'echo b > /proc/sysrq-trigger'",  # at once, and nothing is written to disk before
        "poweroff": "sh -c 'echo o > /proc/sysrq-trigger'",
    }[act]
    return Scripts(
        f"{_AS_ROOT}as_root true\nexport -f as_root\n"
        f"setsid bash -c {quote(f'sleep 1; as_root {command}')} </dev/null >/dev/null 2>&1 &"
    )


def network_fault(act: str, interface: str, ssh_port: int) -> Scripts:
    """Return what it is to cut a machine off from a network, SSH excepted: by that it is connected again."""
    if not _INTERFACE.fullmatch(interface):
        raise RallycrossError(f"{interface!r} is no network interface - name one, or map the network to one")
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
