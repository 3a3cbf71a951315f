"""The engine `kolla-ansible`: the real one as far as it goes without images, and a counterpart for all of its way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conformance import Ground, existing
from kolla_hosts import WHEEL, wheel
from live import deploy_and_destroy, has_host
from machines import Machines
from sites import a_site
from whole_hosts import WholeHosts, assert_stops_and_starts, seeded

from rallycross import deployment
from rallycross.deployment import CloudSpec
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import InvalidInput, RallycrossError

_LEFT = "ls -d /etc/kolla /var/lib/rallycross/host 2>/dev/null; grep -h rallycross ~/.ssh/authorized_keys ~/.ssh/config"


def a_spec(servers: list[Server], *, name: str = "kolla", **options: Any) -> CloudSpec:
    """Return the spec of a cloud of Kolla's, by the tests' own counterpart."""
    data = {"name": name, "engine": "kolla-ansible", "requirements": [WHEEL], "provider": existing(servers)}
    return deployment.load_spec(yaml.safe_dump(data | options), file="kolla.yaml")


@pytest.fixture(scope="module", name="servers")
def _servers(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    with seeded(machines, {"kolla-1": [wheel()], "kolla-2": []}, tmp_path_factory.mktemp("seed")) as servers:
        yield servers


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = a_site(tmp_path, name="kolla", away=60)
    yield site
    site.close()


def test_a_half_failed_deploy_goes_on_and_ends(servers: list[Server], site: Site) -> None:
    """A failed deploy is told with Ansible's words and goes on; what is stopped is started; a destroy spares others."""
    with pytest.raises(StepFailed, match=r"What to do: .*docker_registry"):
        deployment.deploy(a_spec(servers, globals={"trap": "no-images"}), site)
    spec = a_spec(servers, globals={"trap": "fail-once"}, passwords={"database_password": "hush-hush"})
    with pytest.raises(StepFailed) as caught:
        deployment.deploy(spec, site)
    failure = caught.value.failures[0]
    assert (failure.step, failure.host, failure.code) == ("deploy", "kolla-1", 2)
    assert "fatal: [kolla-1]: FAILED! => Container exited too fast" in failure.last
    cloud = deployment.deploy(spec, site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["kolla"]
    assert entry["auth"]["auth_url"] == f"http://{servers[0].host}:5000"
    first, second = map(site.host, servers)
    root = "/root/.rallycross/clouds/kolla"
    assert f"keystone_admin_password: {entry['auth']['password']}" in first.read(f"{root}/etc/passwords.yml")
    assert "database_password: hush-hush" in first.read(f"{root}/etc/passwords.yml")
    assert first.read(f"{root}/inventory").split("[network]")[0] == (
        f"[control]\nkolla-1 ansible_host={servers[0].host} network_interface=host0\n\n"
    )
    names = [
        "kolla-keystone-container on kolla-1",
        "kolla-nova_compute-container on kolla-1",
        "kolla-nova_compute-container on kolla-2",
    ]
    assert_stops_and_starts(spec, names, site)
    assert "docker kolla keystone" in deployment.logs(spec, site, service=names[0], lines=20)
    for host in (first, second):
        host.run("rm -f /opt/kolla/docker")
    with pytest.raises(RallycrossError, match="docker: command not found"):  # what cannot be undone is not forgotten
        deployment.destroy(spec, site)
    for host in (first, second):
        host.run("touch /opt/kolla/docker")
    deployment.destroy(spec, site)
    assert site.ledger.standing() == []
    for host in (first, second):
        assert host.run(_LEFT, check=False).out == ""


def test_somebody_elses_deployment_is_left_alone(servers: list[Server], site: Site) -> None:
    """A host with a /etc/kolla that is not ours is refused, and still has it afterwards."""
    host = site.host(servers[1])
    host.run("mkdir -p /etc/kolla/config")
    spec = a_spec(servers)
    with pytest.raises(StepFailed, match="/etc/kolla exists, so something else has deployed to this host"):
        deployment.deploy(spec, site)
    deployment.destroy(spec, site)
    host.run("rmdir /etc/kolla/config /etc/kolla")


def test_what_is_wrong_with_a_spec_is_told(servers: list[Server], site: Site) -> None:
    """A spec that no cloud can come from is refused before anything is made."""
    for options, what in (
        ({"roles": {"kolla-1": ["control"]}}, r"roles: must give at least one server the role network"),
        ({"roles": {"kolla-1": ["controller"]}}, r"roles: must have lists of control, network, "),
        ({"commands": ["deploy"]}, r"commands: must have post-deploy"),
        ({"commands": ["post-deploy", "destroy"]}, r"commands: must have commands out of install-deps, "),
    ):
        with pytest.raises(InvalidInput, match=what):
            a_spec(servers, **options)
    everything = ["control", "network", "compute"]
    for options, what in (
        ({"roles": {"kolla-3": everything}}, r"roles: there is no server 'kolla-3' - there is: kolla-1, kolla-2"),
        ({"deployer": "kolla-3"}, r"deployer: there is no server 'kolla-3' - there is: kolla-1, kolla-2"),
    ):
        with pytest.raises(RallycrossError, match=what):
            deployment.deploy(a_spec(servers, **options), site)
    spec = deployment.load_spec("name: kolla\nengine: kolla-ansible\n", file="kolla.yaml")
    with pytest.raises(RallycrossError, match="Kolla Ansible takes over its whole machine"):
        deployment.deploy(spec, site)


@pytest.mark.full  # the quick ones above are of what is its own
class TestKollaAnsible(WholeHosts):
    """A controller, which is the deployer's host, and a compute node."""

    servers = 2
    kind = "Kolla Ansible"
    kill_after = 0.5

    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def _seeded(ground: Ground) -> None:
        ground.on(ground.servers[0], wheel())

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return {
            "name": name,
            "engine": "kolla-ansible",
            "requirements": [WHEEL],
            "globals": {"trap": "slow"},
            "provider": existing(servers),
        }

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """See what was deployed."""
        del spec
        assert ground.on(ground.servers[0], "ls /etc/kolla").split() == ["keystone", "nova_compute"]
        assert ground.on(ground.servers[1], "ls /etc/kolla").split() == ["nova_compute"]


@pytest.mark.full
def test_the_real_kolla_ansible_configures_a_host(servers: list[Server], site: Site) -> None:
    """Kolla Ansible from PyPI writes the services' configuration to another host over SSH, and credentials."""
    data = {
        "name": "kolla",
        "engine": "kolla-ansible",
        "globals": {"kolla_base_distro": "debian", "neutron_external_interface": "ext0"},
        "passwords": {"keystone_database_password": "hush-hush"},
        "roles": {"kolla-2": ["control", "network", "compute", "storage", "monitoring"]},
        "commands": ["genconfig", "post-deploy"],
        "tags": ["keystone", "mariadb", "rabbitmq", "glance", "placement"],
        "provider": existing(servers),
    }
    spec = deployment.load_spec(yaml.safe_dump(data), file="kolla.yaml")
    cloud = deployment.deploy(spec, site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["kolla"]
    assert entry["auth"]["auth_url"] == f"http://{servers[1].host}:5000"
    assert len(entry["auth"]["password"]) == 32
    assert cloud.regions == ("RegionOne",)
    first, second = map(site.host, servers)
    assert "hush-hush" in second.read("/etc/kolla/keystone/keystone.conf")
    assert {"glance-api", "keystone", "mariadb", "rabbitmq"} <= set(second.run("ls /etc/kolla").out.split())
    assert first.run("ls -d /etc/kolla 2>/dev/null || :").out == ""
    guarded = first.run(
        "cd ~/.rallycross/clouds/kolla\nexport LC_ALL=C.UTF-8\n"
        'venv/bin/kolla-ansible destroy -i inventory --configdir "$PWD/etc"',
        check=False,
    )
    assert (guarded.code, "--yes-i-really-really-mean-it" in guarded.err) == (2, True)
    deployment.destroy(spec, site)
    for host in (first, second):
        assert host.run(_LEFT, check=False).out == ""


@pytest.mark.full
@pytest.mark.skipif(not has_host("KOLLA_ANSIBLE"), reason="set RALLYCROSS_LIVE_KOLLA_ANSIBLE_HOST; see CONTRIBUTING.md")
def test_the_whole_of_the_real_one(tmp_path: Path) -> None:
    """Kolla Ansible deploys a cloud that can be used, and takes it away."""
    deploy_and_destroy("kolla-ansible", "KOLLA_ANSIBLE", tmp_path)
