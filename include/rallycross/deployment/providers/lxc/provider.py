"""Servers that are LXC containers, on this machine or on the servers of a `host_provider`.

Before a container is created, a mark for it is written to the cloud's folder on its host. A container without a mark
is not ours, and is not touched.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import Any, ClassVar

from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.ledger import PartLedger
from rallycross.deployment.limits import describe, host_limit
from rallycross.deployment.node import Node
from rallycross.deployment.option import Option, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.lxc import forward, tunnel
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.spec import provider_options
from rallycross.deployment.step import Plan, Step
from rallycross.deployment.undo import undo
from rallycross.errors import RallycrossError

# distro-info: without it the Debian template writes an invalid security source, and installs nothing.
_PACKAGES = "lxc lxc-templates debootstrap distro-info dnsmasq-base iptables nftables rsync"
_CONTAINERS = "/var/lib/lxc"
_INSIDE = "openssh-server,python3,python3-venv,sudo,ca-certificates,procps,iproute2"


def _network(text: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return "must be an IPv4 network, such as 10.1.1.0/24"
    return None if network.num_addresses >= 8 else "must have room for containers: /29 or wider"


def _prefix(text: str) -> str | None:
    # A container's name is also its host name, and is used in scripts without quotes.
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,49}", text)
    return None if plain else "must be at most 50 letters, digits and dashes, beginning with a letter or digit"


class LxcContainers:
    """The provider `lxc`. The first container of a host is created from packages, the others are copies of it."""

    disposable = True
    options: ClassVar = {
        "containers_per_host": Option(int, 1, "the number of containers on each host", within(1, 200)),
        "container_name_prefix": Option(str, None, "the prefix of their names; default: the cloud's name", _prefix),
        "distribution": Option(str, "debian", "the LXC template, such as debian or ubuntu"),
        "release": Option(str, "bookworm", "the distribution's release"),
        "start_lxc_network": Option(str, "10.0.3.0/24", "the network of the first host; others get the next", _network),
        "forward_ssh": Option(bool, True, "as in Rally, without effect: containers are reached through the host's SSH"),
        "forward_ports": Option(
            list, [], "TCP ports or ranges of a host behind SSH to forward to its first container", forward.complain
        ),
        "tunnel_to": Option(
            list, [], "IPv4 addresses of machines that reach the containers through a tunnel", tunnel.complain
        ),
        "host_provider": Option(dict, None, "the provider of the hosts; default: this machine", keys=provider_options),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Install LXC on each host; create and start the containers."""
        servers = []
        for number, node in enumerate(self._hosts(given, site, make=True)):
            names = _names(given, site, number)
            steps = _steps(given, node, names, number, site.public_key)
            ledger = PartLedger(site.ledger, "lxc")
            carry_out(Plan(steps), [node], ledger=ledger, terms=site.terms, tell=site.tell)
            if others := _peers(given, site, node):
                tunnels = Plan(tunnel.steps(site.cloud, node, others))
                carry_out(tunnels, [node, *others], ledger=ledger, terms=site.terms, tell=site.tell)
            addresses = dict(line.split() for line in node.host.read(f"{node.root}/lxc-addresses").splitlines())
            for name in names:
                address = forward.outside(node) if name == names[0] and _forwards(given, node) else ""
                server = Server(name, addresses[name], key=str(site.key), address=address, via=node.server)
                site.ledger.remember("server", name, {**server.kept(), "on": node.name})
                servers.append(server)
        return servers

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the containers that have an address."""
        hosts = {node.name: node for node in self._hosts(given, site, make=False)}
        kept = [made.detail for made in site.ledger.standing() if made.kind == "server"]
        if gone := {one["on"] for one in kept} - set(hosts):
            raise RallycrossError(f"{min(gone)}: has containers of this cloud - add it back to `host_provider`")
        return [Server.of(one, via=hosts[one["on"]].server) for one in kept]

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Destroy the containers, then let the hosts' provider destroy the hosts.

        Nothing is undone on hosts that their provider deletes, so they need not answer; but tunnels have peers, which
        are not deleted.
        """
        section, ledger = given["host_provider"], PartLedger(site.ledger, "lxc")
        end = section is not None and PROVIDERS[section["type"]].disposable and not given["tunnel_to"]
        if ledger.standing() and not end:
            hosts = self._hosts(given, site, make=False)
            everywhere = {node.name: node for host in hosts for node in (host, *_peers(given, site, host))}
            undo(ledger, list(everywhere.values()), owner=site.terms.owner, tell=site.tell)
        if section:
            PROVIDERS[section["type"]].destroy(section, _of_hosts(site))
        containers = [made for made in site.ledger.standing() if made.kind == "server"]
        for made in (*ledger.standing(), *containers):
            site.ledger.forgotten(made.row)

    def _hosts(self, given: Mapping[str, Any], site: Site, *, make: bool) -> Sequence[Node]:
        section = given["host_provider"]
        if section is None:
            return [site.here]
        provider, own = PROVIDERS[section["type"]], _of_hosts(site)
        servers = provider.create(section, own) if make else provider.standing(section, own)
        return [site.node(server) for server in servers]


def _of_hosts(site: Site) -> Site:
    """Return the site for the provider of the hosts, with its own ledger."""
    return replace(site, ledger=PartLedger(site.ledger, "host"))


def _peers(given: Mapping[str, Any], site: Site, host: Node) -> list[Node]:
    return [site.node(server) for server in tunnel.peers(given["tunnel_to"], host)]


def _names(given: Mapping[str, Any], site: Site, host: int) -> list[str]:
    prefix = given["container_name_prefix"] or site.cloud
    return [f"{prefix}-{host}-{number:03}" for number in range(given["containers_per_host"])]


def _steps(given: Mapping[str, Any], node: Node, names: list[str], host: int, key: str) -> tuple[Step, ...]:
    """Return the steps of one host, whose network is the `host`-th after the first."""
    first = ipaddress.ip_network(given["start_lxc_network"], strict=False)
    base = int(first.network_address) + host * first.num_addresses
    network = ipaddress.ip_network((base, first.prefixlen))
    made, *copies = names
    return (
        Step("lxc", _ready(network), title=f"LXC on {node.name}", leaves=f"the packages {_PACKAGES}; lxcbr0"),
        Step(
            "container",
            _container(given, made, key, node.root),
            needs=("lxc",),
            title=f"Container {made} on {node.name}",
            undo=_gone(made, node.root),
        ),
        *(
            Step(
                f"copy {name}",
                f"{_claimed(name, node.root)}[ -e {_CONTAINERS}/{name}/made ] || {{ {_destroyed(name)}\n"
                f"lxc-copy -n {made} -N {name}\ntouch {_CONTAINERS}/{name}/made; }}",
                needs=("container",),
                title=f"Container {name} on {node.name}",
                undo=_gone(name, node.root),
            )
            for name in copies
        ),
        Step(
            "containers run",
            _started(names, node.root),
            needs=("container", *(f"copy {name}" for name in copies)),
            title=f"Containers run on {node.name}",
            always=True,
        ),
        *([forward.step(given["forward_ports"], node, names)] if _forwards(given, node) else []),
    )


def _forwards(given: Mapping[str, Any], node: Node) -> bool:
    """Return whether ports of a host are forwarded; containers on this machine are reachable without that."""
    return bool(given["forward_ports"]) and node.server is not None


def _ready(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """Return the script that installs LXC, and starts its bridge; an existing bridge is not changed."""
    hosts = network.num_addresses - 3
    return f"""
if ! hash lxc-copy nft debian-distro-info 2>/dev/null || ! [ -e /usr/share/lxc/templates/lxc-debian ]; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends {_PACKAGES} >/dev/null
fi
if ! [ -e /sys/class/net/lxcbr0 ]; then
    cat > /etc/default/lxc-net <<'EOF'
USE_LXC_BRIDGE="true"
LXC_BRIDGE="lxcbr0"
LXC_ADDR="{network[1]}"
LXC_NETMASK="{network.netmask}"
LXC_NETWORK="{network}"
LXC_DHCP_RANGE="{network[2]},{network[-2]}"
LXC_DHCP_MAX="{hosts}"
EOF
    if [ -d /run/systemd/system ]; then systemctl restart lxc-net; else /usr/libexec/lxc/lxc-net start; fi
fi
"""


def _container(given: Mapping[str, Any], name: str, key: str, root: str) -> str:
    words = f"-n {name} -t {quote(given['distribution'])} -- -r {quote(given['release'])}"
    known = given["distribution"] in {"debian", "ubuntu"}
    packages = f" --packages={_INSIDE}" if known else ""
    proof = "-e rootfs/usr/bin/python3" if known else "1"  # the templates succeed without the packages, too
    return f"""{_claimed(name, root)}
if ! [ -e {_CONTAINERS}/{name}/made ]; then
    {_destroyed(name)}
    lxc-create {words}{packages}
    cd {_CONTAINERS}/{name}
    [ {proof} ] || {{ echo "{name} got no packages - see above for its package sources" >&2; exit 1; }}
    grep -q '^lxc.net.0.link' config || printf '%s\\n' 'lxc.net.0.type = veth' 'lxc.net.0.link = lxcbr0' \\
        'lxc.net.0.flags = up' >> config
    sed -i '/^lxc.apparmor.profile/d' config
    echo 'lxc.apparmor.profile = unconfined' >> config
    mkdir -p -m 700 rootfs/root/.ssh
    printf '%s\\n' {quote(key.strip())} > rootfs/root/.ssh/authorized_keys
    # What the host reaches the package sources and PyPI by, the container needs as well.
    grep -iE '^(https?|no)_proxy=|^SSL_CERT_FILE=' /etc/environment >> rootfs/etc/environment || :
    cp -a /etc/apt/apt.conf.d/*proxy* rootfs/etc/apt/apt.conf.d/ 2>/dev/null || :
    cp -L /etc/ssl/certs/ca-certificates.crt rootfs/etc/ssl/certs/ca-certificates.crt 2>/dev/null || :
    touch made
fi
"""


def _started(names: list[str], root: str) -> str:
    """Return the script that starts the containers, and writes their addresses once each answers by SSH."""
    return f"""
cd {quote(root)}
rm -f lxc-addresses.part
for name in {" ".join(names)}; do
    [ "$(lxc-info -n "$name" -sH)" = RUNNING ] || lxc-start -d -n "$name"
done
for name in {" ".join(names)}; do
    until=$((SECONDS + {host_limit():.0f}))
    while :; do
        address=$(lxc-info -n "$name" -iH | grep -E '^[0-9.]+$' | head -n 1 || :)
        [ -z "$address" ] || ! (exec 3<>"/dev/tcp/$address/22") 2>/dev/null || break
        [ "$SECONDS" -lt "$until" ] || {{
            echo "$name does not answer by SSH within {describe(host_limit())} (address: ${{address:-none}})" >&2
            exit 1
        }}
        sleep 0.5
    done
    echo "$name $address" >> lxc-addresses.part
done
mv lxc-addresses.part lxc-addresses
"""


def _mark(name: str, root: str) -> str:
    return quote(f"{root}/containers/{name}")


def _claimed(name: str, root: str) -> str:
    """Return the script that marks a container as ours before it is created, and refuses an existing one."""
    remedy = f"set another container_name_prefix, or destroy it: lxc-destroy -f -n {name}"
    return f"""
if ! [ -e {_mark(name, root)} ]; then
    ! [ -e {_CONTAINERS}/{name} ] || {{
        echo "container {name} exists already, and this cloud has not created it - {remedy}" >&2; exit 1; }}
    mkdir -p {quote(f"{root}/containers")}
    touch {_mark(name, root)}
fi
"""


def _gone(name: str, root: str) -> str:
    """Return the script that destroys a container if it is ours."""
    return f"[ ! -e {_mark(name, root)} ] || {{ {_destroyed(name)}\nrm -f {_mark(name, root)}; }}"


def _destroyed(name: str) -> str:
    folder = f"{_CONTAINERS}/{name}"
    return f"lxc-destroy -f -n {name} >/dev/null 2>&1 || [ ! -e {folder} ] || rm -rf {folder}"


PROVIDERS.add("lxc", LxcContainers())
