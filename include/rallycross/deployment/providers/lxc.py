"""Servers that are LXC containers on hosts of another provider: on this machine, unless `host_provider` says other."""

import ipaddress
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any, ClassVar

from rallycross.deployment.carry_out import carry_out
from rallycross.deployment.ledger import Part
from rallycross.deployment.node import Node
from rallycross.deployment.option import Option, within
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.deployment.spec import provider_options
from rallycross.deployment.step import Plan, Step
from rallycross.deployment.undo import undo

_PACKAGES = "lxc lxc-templates debootstrap dnsmasq-base iptables rsync"
_INSIDE = "openssh-server,python3,python3-venv,sudo,ca-certificates,procps,iproute2"


def _network(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return "must be a network, such as 10.1.1.0/24"
    return None if network.num_addresses >= 8 else "must have room for containers: /29 or wider"


class LxcContainers:
    """The provider `lxc`. The first container of a host is made from packages, the others are copies of it."""

    disposable = True
    options: ClassVar = {
        "containers_per_host": Option(int, 1, "how many containers each host gets", within(1, 200)),
        "container_name_prefix": Option(str, None, "how their names begin; default: the cloud's name"),
        "distribution": Option(str, "debian", "the LXC template, such as debian or ubuntu"),
        "release": Option(str, "bookworm", "the distribution's release"),
        "start_lxc_network": Option(str, "10.0.3.0/24", "the network of the first host; others get the next", _network),
        "forward_ssh": Option(bool, True, "as in Rally; containers are reached through their host's SSH in any case"),
        "host_provider": Option(dict, None, "the provider of the hosts; default: this machine", keys=provider_options),
    }

    def create(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Make LXC ready on each host, and its containers; start them."""
        servers = []
        for number, node in enumerate(self._hosts(given, site, make=True)):
            names = _names(given, site, number)
            steps = _steps(given, node, names, number, site.public_key)
            ledger = Part(site.ledger, "lxc")
            carry_out(Plan(steps), [node], ledger=ledger, terms=site.terms, tell=site.tell)
            addresses = dict(line.split() for line in node.host.read(f"{node.root}/lxc-addresses").splitlines())
            for name in names:
                server = Server(name, addresses[name], key=str(site.key), via=node.server)
                site.ledger.remember("server", name, {**server.kept(), "on": node.name})
                servers.append(server)
        return servers

    def standing(self, given: Mapping[str, Any], site: Site) -> list[Server]:
        """Return the containers that have an address."""
        hosts = {node.name: node for node in self._hosts(given, site, make=False)}
        found = []
        for made in site.ledger.standing():
            if made.kind == "server":
                kept = {key: value for key, value in made.detail.items() if key != "on"}
                found.append(Server.of(kept, via=hosts[made.detail["on"]].server))
        return found

    def destroy(self, given: Mapping[str, Any], site: Site) -> None:
        """Destroy the containers, then let the hosts' own provider destroy what it has made."""
        ledger = Part(site.ledger, "lxc")
        if ledger.standing():
            undo(ledger, self._hosts(given, site, make=False), owner=site.terms.owner, tell=site.tell)
        for made in site.ledger.standing():
            if made.kind == "server":
                site.ledger.forgotten(made.row)
        if section := given["host_provider"]:
            PROVIDERS[section["type"]].destroy(section, site)

    def _hosts(self, given: Mapping[str, Any], site: Site, *, make: bool) -> Sequence[Node]:
        section = given["host_provider"]
        if section is None:
            return [site.here]
        provider = PROVIDERS[section["type"]]
        servers = provider.create(section, site) if make else provider.standing(section, site)
        return [site.node(server) for server in servers]


def _names(given: Mapping[str, Any], site: Site, host: int) -> list[str]:
    prefix = given["container_name_prefix"] or site.cloud
    return [f"{prefix}-{host}-{number:03}" for number in range(given["containers_per_host"])]


def _steps(given: Mapping[str, Any], node: Node, names: list[str], host: int, key: str) -> tuple[Step, ...]:
    """Return the steps of one host. Its network is the `host`-th after the first."""
    first = ipaddress.ip_network(given["start_lxc_network"], strict=False)
    base = int(first.network_address) + host * first.num_addresses
    network = ipaddress.ip_network((base, first.prefixlen))
    made, *copies = names
    return (
        Step("lxc", _ready(network), title=f"LXC on {node.name}", leaves=f"the packages {_PACKAGES}; lxcbr0"),
        Step(
            "container",
            _container(given, made, key),
            needs=("lxc",),
            title=f"Container {made} on {node.name}",
            limit=1200,
            undo=_gone(made),
        ),
        *(
            Step(
                f"copy {name}",
                f"[ -e /var/lib/lxc/{name}/made ] || {{ {_gone(name)}\nlxc-copy -n {made} -N {name}\n"
                f"touch /var/lib/lxc/{name}/made; }}",
                needs=("container",),
                title=f"Container {name} on {node.name}",
                undo=_gone(name),
            )
            for name in copies
        ),
        Step(
            "containers run",
            _started(names, node.root),
            needs=("container", *(f"copy {name}" for name in copies)),
            title=f"Containers run on {node.name}",
            limit=180,
            always=True,
        ),
    )


def _ready(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """Install LXC, and start its bridge unless one is there: what runs on it is not disturbed."""
    hosts = network.num_addresses - 3
    return f"""
if ! command -v lxc-copy >/dev/null || ! [ -e /usr/share/lxc/templates/lxc-debian ]; then
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


def _container(given: Mapping[str, Any], name: str, key: str) -> str:
    words = f"-n {name} -t {quote(given['distribution'])} -- -r {quote(given['release'])}"
    packages = f" --packages={_INSIDE}" if given["distribution"] in {"debian", "ubuntu"} else ""
    return f"""
if ! [ -e /var/lib/lxc/{name}/made ]; then
    {_gone(name)}
    lxc-create {words}{packages} >/dev/null
    cd /var/lib/lxc/{name}
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
    """Start the containers, and write down their addresses once each answers by SSH."""
    return f"""
cd {quote(root)}
rm -f lxc-addresses.part
for name in {" ".join(names)}; do
    [ "$(lxc-info -n "$name" -sH)" = RUNNING ] || lxc-start -d -n "$name"
done
for name in {" ".join(names)}; do
    for try in $(seq 120); do
        address=$(lxc-info -n "$name" -iH | grep -E '^[0-9.]+$' | head -n 1 || :)
        [ -z "$address" ] || ! (exec 3<>"/dev/tcp/$address/22") 2>/dev/null || break
        [ "$try" != 120 ] || {{ echo "$name does not answer by SSH (address: ${{address:-none}})" >&2; exit 1; }}
        sleep 0.5
    done
    echo "$name $address" >> lxc-addresses.part
done
mv lxc-addresses.part lxc-addresses
"""


def _gone(name: str) -> str:
    return f"lxc-destroy -f -n {name} >/dev/null 2>&1 || [ ! -e /var/lib/lxc/{name} ] || rm -rf /var/lib/lxc/{name}"


PROVIDERS.add("lxc", LxcContainers())
