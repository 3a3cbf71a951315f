"""The engine `lxc`: another engine's cloud in containers, on real hosts by real SSH.

The containers are those of `lxc_hosts`, which start at once; one test has LXC's own.
"""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toy_engine  # noqa: F401 - registers itself
import yaml
from conformance import Conformance, Ground, existing
from lxc_hosts import PREPARE
from machines import Machines
from sites import a_site

from rallycross import deployment
from rallycross.deployment import CloudSpec, load_spec
from rallycross.deployment.embedded.options import PORTS
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.multihost_parts import parts
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import InvalidInput

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
HOSTS = existing([Server("box", "192.0.2.1")])


def a_spec(*, name: str = "crate", hosts: dict[str, Any] | None = None, **options: Any) -> CloudSpec:
    """Return the spec of a toy in two containers."""
    data = {
        "name": name,
        "engine": "lxc",
        "containers_per_host": 2,
        "host_provider": hosts or HOSTS,
        "inside": {"engine": "toy", "password": "hush-hush-hush"},
    }
    return load_spec(yaml.safe_dump(data | options), file="crate.yaml")


def fetched(address: str) -> bytes:
    """Return what is served on port 8011, without a proxy between."""
    with _OPENER.open(f"http://{address}:8011", timeout=20) as answer:
        content: bytes = answer.read()
        return content


def assert_reached(site: Site, box: Server, first: Server, copy: Server) -> None:
    """Serve something in the first container at the address of its host, and fetch it from there and from here."""
    site.host(first).run(
        "cd /opt; echo inside > index.html\n"
        f"setsid -f python3 -m http.server 8011 --bind {box.host} </dev/null >/dev/null 2>&1\n"
        f"for try in $(seq 100); do (exec 3<>/dev/tcp/{box.host}/8011) 2>/dev/null && break; sleep 0.1; done"
    )
    fetch = f"import urllib.request as r; print(r.urlopen('http://{box.host}:8011', timeout=20).read().decode())"
    assert site.host(copy).run(f'no_proxy=* python3 -c "{fetch}"').out.split() == ["inside"]
    assert fetched(box.host) == b"inside\n"


def test_what_is_wrong_inside_is_said_at_its_place() -> None:
    """The keys inside are those of the engine there, which takes servers; ports are ports, and none is there twice."""
    text = "name: c\nengine: lxc\nforward_ports: [80, 70-90]\ninside:\n  engine: toy\n  fodler: /x\nprovider: {}\n"
    with pytest.raises(InvalidInput) as caught:
        load_spec(text, file="c.yaml")
    said = [str(one) for one in caught.value.complaints]
    assert said[0].startswith("c.yaml:3:1: forward_ports: must not have the same port twice")
    assert said[1].startswith("c.yaml:6:3: inside.fodler: unknown key - did you mean folder?")
    assert said[2].startswith("c.yaml:7:1: provider: the engine lxc does not take servers")
    for inside in ({"engine": "existing"}, {"engine": "lxc"}, {"engine": "multihost"}):
        with pytest.raises(InvalidInput, match=r"inside.engine: must be one of .*devstack, embedded") as caught:
            a_spec(inside=inside)
        assert "existing, " not in str(caught.value)
    for port in (0, 65536, "90-80", "http", -1, [80]):
        with pytest.raises(InvalidInput, match=r"forward_ports: must have numbers from 1 to 65535"):
            a_spec(forward_ports=[port])
    with pytest.raises(InvalidInput, match=r"tunnel_to: must have IPv4 addresses"):
        a_spec(tunnel_to=["box"])
    with pytest.raises(InvalidInput, match=r"lacks the key 'inside'"):
        load_spec("name: c\nengine: lxc\n", file="c.yaml")


def test_all_ports_that_embedded_can_choose_are_forwarded() -> None:
    """Inside of containers it chooses from the few that its host passes on, unless the spec says other."""
    spec = a_spec(inside={"engine": "embedded"})
    first, last = (spec.options["inside"][key] for key in ("first_port", "last_port"))
    assert f"{first}-{last}" in spec.options["forward_ports"]
    assert last - first + 1 >= len(PORTS)
    own = a_spec(inside={"engine": "embedded", "first_port": 21000, "last_port": 21020}, forward_ports=["21000-21020"])
    assert own.options["inside"]["last_port"] == 21020


def test_containers_of_rallys_are_containers_here() -> None:
    """Its keys are translated, in the engine inside and in a `MultihostEngine` too; places are those of the file."""
    servers = {"type": "ExistingServers", "credentials": [{"host": "192.0.2.1", "user": "root"}]}
    crate = {
        "type": "LxcEngine",
        "provider": servers,
        "distribution": "ubuntu",
        "release": "noble",
        "container_name": "rally",
        "containers_per_host": 3,
        "start_lxc_network": "10.1.1.0/24",
        "tunnel_to": ["192.0.2.9"],
        "engine": {"name": "DevstackEngine", "local_conf": {"ADMIN_PASSWORD": "hush"}},
    }
    spec = load_spec(json.dumps(crate), file="r.json")
    assert (spec.name, spec.engine, spec.provider and spec.provider.type) == ("lxc", "lxc", "lxc")
    assert spec.provider is not None
    given = spec.provider.options
    assert (given["distribution"], given["release"], given["container_name_prefix"]) == ("ubuntu", "noble", "rally")
    assert (given["containers_per_host"], given["start_lxc_network"]) == (3, "10.1.1.0/24")
    assert given["tunnel_to"] == ["192.0.2.9"]
    assert given["host_provider"]["servers"][0]["host"] == "192.0.2.1"
    assert spec.options["inside"]["engine"] == "devstack"
    assert spec.options["inside"]["local_conf"] == {"ADMIN_PASSWORD": "hush"}
    assert spec.secrets == ("hush",)

    whole = {"type": "MultihostEngine", "controller": {"type": "DevstackEngine", "provider": servers}, "nodes": [crate]}
    found = load_spec(json.dumps(whole), file="r.json")
    _, part = parts(found.options, found.name, [])
    assert (part.spec.engine, part.spec.options["inside"]["engine"]) == ("lxc", "devstack")
    assert part.spec.provider is not None
    assert part.spec.provider.options["host_provider"] == given["host_provider"]

    crate |= {"containers_per_host": 0, "engine": {"type": "FuelEngine"}}
    servers["credentials"][0]["prot"] = 22  # type: ignore[index]
    with pytest.raises(InvalidInput) as caught:
        load_spec(json.dumps(crate, indent=1), file="r.json")
    said = "\n".join(str(one) for one in caught.value.complaints)
    assert "r.json:9:5: provider.credentials[0].prot: unknown key" in said
    assert "r.json:16:2: containers_per_host: must be from 1 to 200" in said
    assert "r.json:22:3: engine.type: must be one of anvil, devstack" in said
    whole["nodes"] = [crate]
    with pytest.raises(InvalidInput, match=r"nodes\[0\]\.provider\.credentials\[0\]\.prot"):
        load_spec(json.dumps(whole), file="r.json")


@pytest.fixture(scope="module", name="box")
def _box(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = machines.start("box")
    site = a_site(tmp_path_factory.mktemp("prepare"))
    site.host(server).run(PREPARE)
    site.close()
    yield server
    machines.stop("box")


def test_a_cloud_in_containers_is_reached_from_outside(box: Server, machines: Machines, tmp_path: Path) -> None:
    """Its address is its host's, for us and for its copies; a port that is taken is refused; a destroy leaves none."""
    peer = machines.start("peer")
    spec = a_spec(hosts=existing([box]), forward_ports=[8001, "8010-8012"], tunnel_to=[peer.host])
    site, other = a_site(tmp_path, name="crate", away=60), a_site(tmp_path / "other", name="other", away=60)
    try:
        # What the host's loopback alone hears is in nobody's way.
        site.host(box).run(
            "setsid -f python3 -m http.server 8011 --bind ::1 </dev/null >/dev/null 2>&1\n"
            "for try in $(seq 100); do ! ss -Hltn | grep -qF '[::1]:8011' || exit 0; sleep 0.1; done; exit 1"
        )
        for _ in range(2):
            cloud = deployment.deploy(spec, site)
        entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["crate"]
        assert entry["auth"]["auth_url"] == f"http://{box.host}/v3"
        assert cloud.environment == {"engine": "toy", "containers": 2}
        assert {one.name: one.state for one in deployment.status(spec, site)} == {
            "tail on crate-0-000": "RUNNING",
            "tail on crate-0-001": "RUNNING",
        }
        assert spec.provider is not None
        first, copy = PROVIDERS["lxc"].standing(spec.provider.options, site)
        assert (first.inside, copy.inside) == (box.host, copy.host)
        host = site.host(box)
        assert host.read("/var/lib/lxc/.calls") == "create crate-0-000\ncopy crate-0-000 crate-0-001\n"

        assert_reached(site, box, first, copy)
        taken = a_spec(name="other", hosts=existing([box]), forward_ports=[8000, "8012-8020"])
        with pytest.raises(
            StepFailed, match="a port of this host is already forwarded to another container - set other"
        ):
            deployment.deploy(taken, other)
        with pytest.raises(StepFailed, match="port 22 of this host is in use - set other forward_ports"):
            deployment.deploy(a_spec(name="other", hosts=existing([box]), forward_ports=["20-30"]), other)
        deployment.destroy(taken, other)
        assert fetched(box.host) == b"inside\n"

        for _ in range(2):
            deployment.destroy(spec, site)
        assert host.run("lxc-ls; nft list map ip rallycross-lxc ports | grep elements || :").out == ""
        links = "ls ~/.rallycross/clouds; ip -o link | grep rallycross || :"
        assert (host.run(links).out, site.host(peer).run(links).out) == ("", "")
        assert site.ledger.standing() == other.ledger.standing() == []
    finally:
        site.close()
        other.close()
        machines.stop("peer")


@pytest.mark.full
def test_a_cloud_in_containers_of_lxcs_own(machines: Machines, tmp_path: Path) -> None:
    """With the real LXC, too: a cloud in two containers is reached from outside, deployed again, and destroyed."""
    boss = machines.start("crates", plain=True)
    spec = a_spec(hosts=existing([boss]), start_lxc_network="10.99.8.0/24", forward_ports=["8010-8012"])
    site = a_site(tmp_path, name="crate", away=60)
    try:
        for _ in range(2):
            cloud = deployment.deploy(spec, site)
            assert [service.state for service in deployment.status(spec, site)] == ["RUNNING", "RUNNING"]
        assert yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["crate"]["auth"]["auth_url"] == f"http://{boss.host}/v3"
        assert spec.provider is not None
        assert_reached(site, boss, *PROVIDERS["lxc"].standing(spec.provider.options, site))
        host = site.host(boss)
        deployment.destroy(spec, site)
        assert host.run("lxc-ls; nft list map ip rallycross-lxc ports | grep elements || :").out == ""
        assert site.ledger.standing() == []
    finally:
        site.close()
        machines.stop("crates")


@pytest.mark.full
class TestLxc(Conformance):
    """A toy in two containers on one host."""

    injected = "install"  # on the first container alone
    imports = "import toy_engine"
    afresh = True
    provided = frozenset({"servers", "containers run", "forward"})

    @pytest.fixture(scope="class", name="ground")
    @staticmethod
    def _ground(tmp_path_factory: pytest.TempPathFactory, machines: Machines) -> Iterator[Ground]:
        # The host has the name of its first container, which is what steps are done on.
        server = machines.start("box-0-000")
        ground = Ground(tmp_path_factory.mktemp("crates"), [server], machines)
        ground.on(server, PREPARE + "ln -s /var/lib/lxc/box-0-000/rootfs/root/blinked /root/blinked\n")
        yield ground
        machines.stop(server.name)

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return {
            "name": name,
            "engine": "lxc",
            "containers_per_host": 2,
            "container_name_prefix": "box" if name == "conform" else name,
            "forward_ports": [{"conform": 8000, "one": 8001, "other": 8002}[name]],
            "host_provider": existing(servers),
            "inside": {"engine": "toy", "password": "hush-hush-hush"},
        }

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """See each container made; the host itself has nothing."""
        prefix = spec.options["container_name_prefix"]
        (host,) = ground.servers
        for number in range(2):
            assert ground.on(host, f"cat /var/lib/lxc/{prefix}-0-00{number}/rootfs/opt/{spec.name}") == "made\n"
        assert ground.on(host, "ls /opt") == ""

    def test_a_killed_worker_costs_nothing(self, ground: Ground, wanted: CloudSpec) -> None:
        """As of any engine, once its containers stand: it has no steps without them."""
        ground.deploy(wanted)
        super().test_a_killed_worker_costs_nothing(ground, wanted)

    def _left(self, ground: Ground, spec: CloudSpec) -> list[str]:
        prefix = spec.options["container_name_prefix"]
        containers = ground.on(ground.servers[0], f"lxc-ls | grep '^{prefix}-' || :").split()
        return [*super()._left(ground, spec), *containers]
