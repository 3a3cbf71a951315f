"""Tunnels through which other machines reach the containers of a host at the containers' own addresses.

Rally used ipip; these are vxlan, which more kernels have. Each tunnel has two addresses of its own, so that replies
return the same way.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from ipaddress import IPv4Address
from typing import Any

from rallycross.deployment.node import Node
from rallycross.deployment.server import Server
from rallycross.deployment.step import Step

_LINKS = ipaddress.IPv4Network("169.254.0.0/16")  # a tunnel's two addresses are a /30 of it
_NUMBERS = 10_000  # tunnel numbers; the last /30 is well before the metadata address 169.254.169.254
_LOOK = """
ip -4 -o address show dev lxcbr0 | awk '{ print $4 }'
for peer in %s; do ip -4 -o route get "$peer" | sed 's/.* src \\([0-9.]*\\).*/\\1/'; done
"""


def complain(peers: Sequence[Any]) -> str | None:
    """Return what is wrong with the addresses of the other machines, or None."""
    for peer in peers:
        try:
            ipaddress.IPv4Address(str(peer))
        except ValueError:
            return "must have IPv4 addresses"
    return None if len({*map(str, peers)}) == len(peers) else "must not have the same address twice"


def peers(addresses: Sequence[str], host: Node) -> list[Server]:
    """Return the other machines of a host's tunnels, with the same sign-in as the host itself."""
    like = host.server or Server("", "")
    return [replace(like, name=f"peer-{address.replace('.', '-')}", host=address, address="") for address in addresses]


def steps(cloud: str, host: Node, others: Sequence[Node]) -> tuple[Step, ...]:
    """Return the steps for both ends of each tunnel. The host must have its bridge, which is inspected."""
    if not others:
        return ()
    looked = host.host.run(_LOOK % " ".join(node.address for node in others)).out.split()
    network, ours = str(ipaddress.ip_interface(looked[0]).network), looked[1:]
    found = []
    for other, our in zip(others, ours, strict=True):
        number = _number(cloud, host.name, other.address)
        first, second = _addresses(number)
        link = f"rallycross{number}"
        # The metric lets routes of several clouds to one network coexist.
        route = f"ip route replace {network} via {first} dev {link} metric {number}\n"
        found += [
            _end(host, number, remote=other.address, address=first),
            _end(other, number, remote=our, address=second, route=route),
        ]
    return tuple(found)


def _number(cloud: str, host: str, peer: str) -> int:
    """Return the number of a tunnel, a hash: always the same, and rarely that of another tunnel."""
    return 1 + int.from_bytes(sha256(f"{cloud} {host} {peer}".encode()).digest()[:4]) % _NUMBERS


def _addresses(number: int) -> tuple[IPv4Address, IPv4Address]:
    """Return the addresses of the host and of the other machine, unique to the tunnel's number."""
    return _LINKS[4 * number + 1], _LINKS[4 * number + 2]


def _end(node: Node, number: int, *, remote: str, address: IPv4Address, route: str = "") -> Step:
    """Return the step for one end of a tunnel."""
    link = f"rallycross{number}"
    kind = f"vxlan id {number} remote {remote}"
    ours = f"ip -d link show {link} 2>/dev/null | grep -qF '{kind} '"
    return Step(
        f"tunnel {number} on {node.name}",
        f"ip link show {link} >/dev/null 2>&1 || ip link add {link} type {kind} dstport 4789\n"
        f'{ours} || {{ echo "{link} is another tunnel\'s - name the cloud differently" >&2; exit 1; }}\n'
        f"ip link set {link} up\nip address replace {address}/30 dev {link}\n{route}",
        hosts=(node.name,),
        title=f"Tunnel from {node.name} to {remote}",
        always=True,  # interfaces are gone after a reboot
        leaves=f"the interface {link}",
        undo=f"! {ours} || ip link delete {link}",
    )
