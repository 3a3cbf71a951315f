"""Tunnels by which other machines reach the containers of a host at their own addresses.

Rally's were of the kind ipip; these are of vxlan, which kernels have that lack the other. Each has two addresses of its
own, so that answers go back the way that the question came.
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
_NUMBERS = 10_000  # so many tunnels are told apart; the last /30 is well before the address of a cloud's metadata
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
    return None if len({*map(str, peers)}) == len(peers) else "must not have an address twice"


def peers(addresses: Sequence[str], host: Node) -> list[Server]:
    """Return the other machines of a host's tunnels: one signs in to them as to the host itself."""
    like = host.server or Server("", "")
    return [replace(like, name=f"peer-{address.replace('.', '-')}", host=address, address="") for address in addresses]


def steps(cloud: str, host: Node, others: Sequence[Node]) -> tuple[Step, ...]:
    """Return the steps for both ends of each tunnel; look at the host, whose bridge has to be there."""
    if not others:
        return ()
    looked = host.host.run(_LOOK % " ".join(node.address for node in others)).out.split()
    network, ours = str(ipaddress.ip_interface(looked[0]).network), looked[1:]
    found = []
    for other, our in zip(others, ours, strict=True):
        number = _number(cloud, host.name, other.address)
        first, second = _addresses(number)
        link = f"rallycross{number}"
        # Those of several clouds to one network stand side by side by their metric.
        route = f"ip route replace {network} via {first} dev {link} metric {number}\n"
        found += [
            _end(host, number, remote=other.address, address=first),
            _end(other, number, remote=our, address=second, route=route),
        ]
    return tuple(found)


def _number(cloud: str, host: str, peer: str) -> int:
    """Return the number of a tunnel, the same each time; two have the same one seldom."""
    return 1 + int.from_bytes(sha256(f"{cloud} {host} {peer}".encode()).digest()[:4]) % _NUMBERS


def _addresses(number: int) -> tuple[IPv4Address, IPv4Address]:
    """Return the addresses of the host and of the other machine, which no tunnel of another number has."""
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
        always=True,  # what the kernel holds is gone after a restart
        leaves=f"the interface {link}",
        undo=f"! {ours} || ip link delete {link}",
    )
