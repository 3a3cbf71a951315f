"""What takes many minutes: the conformance suite on real engines, and servers in containers."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import toy_engine  # noqa: F401 - registers itself
import yaml
from conformance import Conformance, Ground, existing
from machines import Machines
from openstack.connection import Connection
from sites import a_site

from rallycross import deployment
from rallycross.cloud.cloud import Cloud
from rallycross.deployment import CloudSpec
from rallycross.deployment.server import Server

pytestmark = pytest.mark.full


class TestEmbedded(Conformance):
    """A controller and two compute nodes, over SSH."""

    servers = 3
    injected = "check"
    kill_after = 2.0

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return {"name": name, "engine": "embedded", "provider": existing(servers)}

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """Boot a server on each compute node."""
        api = Cloud.from_file(Path(ground.paths.clouds_yaml), spec.name).connect()
        boot(api, *(server.name for server in ground.servers[1:]))


def boot(api: Connection, *hosts: str) -> None:
    """Boot a server on each of the compute hosts, and delete them."""
    network = api.network.create_network(name="conform")
    api.network.create_subnet(network_id=network.id, cidr="10.99.0.0/24", ip_version=4)
    made = []
    try:
        for host in hosts:
            made.append(
                api.compute.create_server(
                    name="conform",
                    image_id=api.image.find_image("cirros").id,
                    flavor_id=api.compute.find_flavor("m1.nano").id,
                    networks=[{"uuid": network.id}],
                    availability_zone=f"nova:{host}",
                )
            )
            active = api.compute.wait_for_server(made[-1], interval=0.5, wait=120)
            assert (active.status, active.compute_host) == ("ACTIVE", host)
    finally:
        for one in made:
            api.compute.delete_server(one)
            api.compute.wait_for_delete(one, interval=0.5, wait=120)
        for port in api.network.ports(network_id=network.id):
            api.network.delete_port(port)
        api.network.delete_network(network)


def test_a_cloud_in_containers_boots_servers(machines: Machines, tmp_path: Path) -> None:
    """An embedded cloud in two LXC containers is used from outside of their host, by the ports that lead in."""
    boss = machines.start("crates", plain=True)
    provider = {"containers_per_host": 2, "start_lxc_network": "10.99.8.0/24", "host_provider": existing([boss])}
    text = yaml.safe_dump({"name": "crate", "engine": "lxc", "inside": {"engine": "embedded"}, **provider})
    spec = deployment.load_spec(text, file="crate.yaml")
    site = a_site(tmp_path, name="crate", away=60)
    try:
        cloud = deployment.deploy(spec, site)
        (tmp_path / "clouds.yaml").write_text(cloud.clouds_yaml_text)
        api = Cloud.from_file(tmp_path / "clouds.yaml", "crate").connect()
        boot(api, "crate-0-001")
        assert {urlsplit(endpoint.url).hostname for endpoint in api.identity.endpoints()} == {boss.host}
        deployment.destroy(spec, site)
        assert site.host(boss).run("lxc-ls").out.split() == []
        assert site.ledger.standing() == []
    finally:
        site.close()
        machines.stop("crates")


def test_containers_are_servers(machines: Machines, tmp_path: Path) -> None:
    """Two LXC containers on a host behind SSH are deployed to, found again by a second deploy, and destroyed."""
    boss = machines.start("boss", plain=True)
    section = {"type": "lxc", "containers_per_host": 2, "start_lxc_network": "10.99.7.0/24"}
    provider = {**section, "host_provider": existing([boss])}
    text = yaml.safe_dump({"name": "boxes", "engine": "toy", "provider": provider})
    spec = deployment.load_spec(text, file="boxes.yaml")
    site = a_site(tmp_path, name="boxes", away=60)
    try:
        for _ in range(2):
            deployment.deploy(spec, site)
            assert [service.state for service in deployment.status(spec, site)] == ["RUNNING", "RUNNING"]
        assert site.host(boss).run("lxc-ls").out.split() == ["boxes-0-000", "boxes-0-001"]
        deployment.destroy(spec, site)
        assert site.host(boss).run("lxc-ls").out.split() == []
        assert site.ledger.standing() == []
    finally:
        site.close()
        machines.stop("boss")
