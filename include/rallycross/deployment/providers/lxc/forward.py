"""Ports of a host that lead to its first container, which has the host's address as its own, too.

So what is deployed inside listens on, and names in its catalog, an address that works from everywhere: the host passes
the ports on, and the copies, which are not bound to those ports, reach the container without leaving their bridge.

One map in the kernel has the ports of all clouds: one that is taken is refused, and leads on to where it did.
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
        return "must not have a port twice"
    return None


def outside(node: Node) -> str:
    """Return the IPv4 address by which we reach a host; raise `RallycrossError` where it has none."""
    assert node.server is not None
    try:
        return socket.gethostbyname(node.server.host)
    except OSError as error:
        raise RallycrossError(
            f"{node.name}: {node.server.host} has no IPv4 address, which forwarded ports need - name the host by one,"
            " or set `forward_ports: []`"
        ) from error


def step(ports: Sequence[Any], node: Node, names: Sequence[str]) -> Step:
    """Return the step that leads ports of a host to the first of its containers; runs on the host."""
    return Step(
        "forward",
        _inside(outside(node), names, node.root) + _on_host(ports, node.root),
        needs=("containers run",),
        title=f"Ports of {node.name} lead to {names[0]}",
        always=True,  # what the kernel holds is gone after a restart
        leaves=f"the table {_TABLE} of nftables",
        undo=_taken_back(node.root),
    )


def _inside(address: str, names: Sequence[str], root: str) -> str:
    """Give the first container the host's address; the copies reach it there by the container's own, `$own`.

    By translation, as no packet to the host's address may cross the bridge: kernels that filter what is bridged
    masquerade it as one that leaves the host.
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
    remedy = "set other forward_ports, or end what has it"
    return f"""
for range in {" ".join(map(str, ports))}; do
    for port in $(ss -Hltn | awk '$4 !~ /^(127\\.|\\[::1\\])/ {{ sub(/.*:/, "", $4); print $4 }}'); do
        [ "$port" -lt "${{range%-*}}" ] || [ "$port" -gt "${{range#*-}}" ] || {{
            echo "something on this host listens on its port $port - {remedy}" >&2; exit 1; }}
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
    echo "a port of this host leads to another container already - {remedy}" >&2; exit 1; }}
"""


def _taken_back(root: str) -> str:
    """Take the ports from the map that lead to the address of before."""
    return f"""
if [ -e {_kept(root)} ]; then
    ports=$(nft list map {_TABLE} ports | grep -oE "[0-9-]+ : $(<{_kept(root)})\\b" | sed 's/ .*//' | paste -sd, || :)
    [ -z "$ports" ] || nft delete element {_TABLE} ports "{{ $ports }}"
    rm -f {_kept(root)}
fi
"""


def _kept(root: str) -> str:
    """Return where a cloud keeps the address that its ports lead to; written before they do."""
    return quote(f"{root}/lxc-forwarded")
