"""Forwards ports of a host to its first container, which also has the host's address as its own.

So the cloud inside listens on, and names in its catalog, an address that works from everywhere: the host forwards the
ports, and the copies reach the container on any port without leaving their bridge.

One nftables map has the ports of all clouds. A port that is already in it is refused, and is not changed.
"""

import re
import socket
from collections.abc import Sequence
from itertools import pairwise
from shlex import quote
from typing import Any

from rallycross.deployment.node import Node
from rallycross.deployment.step import Step
from rallycross.errors import RallycrossError

_TABLE = "ip rallycross-lxc"
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def complain(ports: Sequence[Any]) -> str | None:
    """Return what is wrong with ports such as 80 and "20000-20015", or None."""
    bounds = []
    for port in ports:
        found = _RANGE.fullmatch(str(port))
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last <= 65535:
            return "must have numbers from 1 to 65535, or ranges of them such as 20000-20015"
        bounds.append((first, last))
    bounds.sort()
    if any(before[1] >= after[0] for before, after in pairwise(bounds)):
        return "must not have the same port twice"
    return None


def outside(node: Node) -> str:
    """Return the IPv4 address at which we reach a host; raise `RallycrossError` if it has none."""
    assert node.server is not None
    try:
        return socket.gethostbyname(node.server.host)
    except OSError as error:
        raise RallycrossError(
            f"{node.name}: {node.server.host} has no IPv4 address, which forwarded ports need - set `host` to one, or"
            " set `forward_ports: []`"
        ) from error


def step(ports: Sequence[Any], node: Node, names: Sequence[str]) -> Step:
    """Return the step that forwards ports of a host to the first of its containers; it runs on the host."""
    return Step(
        "forward",
        _inside(outside(node), names, node.root) + _on_host(ports, node.root),
        needs=("containers run",),
        title=f"Forward ports of {node.name} to {names[0]}",
        always=True,  # the kernel's tables are empty after a reboot
        leaves=f"the table {_TABLE} of nftables",
        undo=_taken_back(node.root),
    )


def _inside(address: str, names: Sequence[str], root: str) -> str:
    """Return the script that gives the first container the host's address, which the copies translate to its own.

    The copies translate the address because packets to the host's address must not cross the bridge: kernels that
    filter bridged packets would masquerade them as if they left the host.
    """
    first, *copies = names
    return f"""
inside() {{ local name=$1; shift; nsenter -t "$(lxc-info -n "$name" -pH)" -n "$@"; }}
own=$(awk '$1 == "{first}" {{ print $2 }}' {quote(f"{root}/lxc-addresses")})
inside {first} ip address replace {address}/32 dev lo
inside {first} nft -f - <<'END'
table {_TABLE}
delete table {_TABLE}
table {_TABLE} {{
    chain before {{
        type nat hook prerouting priority dstnat
        iifname != "lo" ip daddr != {address} fib daddr type local dnat to {address}
    }}
}}
END
for name in {" ".join(copies)}; do
    inside "$name" nft -f - <<END
table {_TABLE}
delete table {_TABLE}
table {_TABLE} {{
    chain out {{ type nat hook output priority -100; ip daddr {address} dnat to $own; }}
}}
END
done
"""


def _on_host(ports: Sequence[Any], root: str) -> str:
    remedy = "set other forward_ports, or stop what uses it"
    return f"""
for range in {" ".join(map(str, ports))}; do
    for port in $(ss -Hltn | awk '$4 !~ /^(127\\.|\\[::1\\])/ {{ sub(/.*:/, "", $4); print $4 }}'); do
        [ "$port" -lt "${{range%-*}}" ] || [ "$port" -gt "${{range#*-}}" ] || {{
            echo "port $port of this host is in use - {remedy}" >&2; exit 1; }}
    done
done
nft -f - <<'END'
table {_TABLE} {{
    map ports {{ type inet_service : ipv4_addr; flags interval; }}
    chain before {{ type nat hook prerouting priority dstnat; }}
}}
flush chain {_TABLE} before
add rule {_TABLE} before iifname != "lxcbr0" fib daddr type local dnat to tcp dport map @ports
END
{_taken_back(root)}
echo "$own" > {_kept(root)}
nft add element {_TABLE} ports "{{ {", ".join(f"{port} : $own" for port in ports)} }}" || {{
    echo "a port of this host is already forwarded to another container - {remedy}" >&2; exit 1; }}
"""


def _taken_back(root: str) -> str:
    """Return the script that removes the ports forwarded to the recorded address from the map."""
    return f"""
if [ -e {_kept(root)} ]; then
    ports=$(nft list map {_TABLE} ports | grep -oE "[0-9-]+ : $(<{_kept(root)})\\b" | sed 's/ .*//' | paste -sd, || :)
    [ -z "$ports" ] || nft delete element {_TABLE} ports "{{ $ports }}"
    rm -f {_kept(root)}
fi
"""


def _kept(root: str) -> str:
    """Return the file with the address that a cloud's ports are forwarded to; it is written before they are."""
    return quote(f"{root}/lxc-forwarded")
