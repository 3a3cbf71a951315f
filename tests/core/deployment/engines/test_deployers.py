"""The engines `openstack-ansible`, `packstack` and `sunbeam` by real SSH, where their commands are played."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from conformance import Ground, existing
from deployer_hosts import OPENSTACK_ANSIBLE, PACKSTACK, REPOSITORY, SUNBEAM, TRAP, Played
from live import deploy_and_destroy, has_host
from machines import Machines
from sites import a_site
from whole_hosts import WholeHosts, assert_stops_and_starts, seeded

from rallycross import deployment
from rallycross.deployment import CloudSpec
from rallycross.deployment.deployers.scripts import admit, dismiss
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import InvalidInput, RallycrossError

_OPTIONS = {"openstack-ansible": {"repository": REPOSITORY}, "packstack": {}, "sunbeam": {}}


def a_spec(engine: str, servers: list[Server], **options: Any) -> CloudSpec:
    """Return the spec of a cloud of an engine."""
    data = {"name": "played", "engine": engine, "provider": existing(servers), **_OPTIONS[engine], **options}
    return deployment.load_spec(yaml.safe_dump(data), file="played.yaml")


def user_config(servers: list[Server]) -> dict[str, Any]:
    """Return the openstack_user_config.yml of all servers."""
    hosts = {server.name: {"ip": server.host} for server in servers}
    return {"shared-infra_hosts": dict(list(hosts.items())[:1]), "compute_hosts": hosts}


@pytest.fixture(scope="module", name="servers")
def _servers(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    folder = tmp_path_factory.mktemp("seed")
    scripts = [played.script(folder) for played in (OPENSTACK_ANSIBLE, PACKSTACK, SUNBEAM)]
    with seeded(machines, {"played-1": scripts, "played-2": scripts}, folder) as servers:
        yield servers


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = a_site(tmp_path, name="played", away=60)
    yield site
    site.close()


def half_failed(engine: str, step: str, words: str, servers: list[Server], site: Site, **options: Any) -> CloudSpec:
    """Deploy twice: the first time it fails half-way, and says so. Return the spec, which stands."""
    spec = a_spec(engine, servers, **options)
    site.host(servers[0]).run(f"touch {TRAP}")
    with pytest.raises(StepFailed) as caught:
        deployment.deploy(spec, site)
    failure = caught.value.failures[0]
    assert (failure.step, failure.host) == (step, "played-1")
    assert words in "\n".join(failure.last)
    deployment.deploy(spec, site)
    return spec


def stopped_and_destroyed(spec: CloudSpec, names: list[str], servers: list[Server], site: Site) -> None:
    """Hold a cloud to having these units, to being stopped and started, and to leaving none of them enabled."""
    assert_stops_and_starts(spec, names, site)
    assert "played" in deployment.logs(spec, site, service=names[0], lines=20)
    deployment.destroy(spec, site)
    assert site.ledger.standing() == []
    for server in servers:
        host = site.host(server)
        assert (
            host.run("systemctl list-units --no-legend 'httpd*' 'openstack-*' 'snap.*' 'nova-*' 'haproxy*'").out == ""
        )
        left = "ls -d /etc/openstack_deploy /var/lib/rallycross/host /root/keystonerc_admin /snap/bin/sunbeam"
        assert (
            host.run(f"{left} 2>/dev/null; grep -h rallycross ~/.ssh/{{authorized_keys,config}}", check=False).out == ""
        )


def entry_of(spec: CloudSpec, site: Site) -> dict[str, Any]:
    """Return the administrator's entry of a cloud that stands."""
    entry: dict[str, Any] = yaml.safe_load(deployment.deploy(spec, site).clouds_yaml_text)["clouds"]["played"]
    return entry


def test_packstack(servers: list[Server], site: Site) -> None:
    """Its answers are made once, and the spec's hold for as long as it has them; a run that failed is run again."""
    answers = {"CONFIG_HEAT_INSTALL": True, "CONFIG_NTP_SERVERS": "192.0.2.1"}
    spec = half_failed(
        "packstack", "deploy", "ERROR : Error appeared during Puppet run", servers, site, answers=answers
    )
    entry = entry_of(spec, site)
    assert entry["auth"]["auth_url"] == f"http://{servers[0].host}:5000/v3"
    kept = site.host(servers[0]).read("/root/.rallycross/clouds/played/answers").splitlines()
    assert {
        "CONFIG_HEAT_INSTALL=y",
        "CONFIG_NTP_SERVERS=192.0.2.1",
        f"CONFIG_COMPUTE_HOSTS={servers[1].host}",
        f"CONFIG_KEYSTONE_ADMIN_PW={entry['auth']['password']}",
    } <= set(kept)
    assert len({line.split("=")[0] for line in kept}) == len(kept)
    deployment.deploy(a_spec("packstack", servers), site)
    without = site.host(servers[0]).read("/root/.rallycross/clouds/played/answers").splitlines()
    assert set(kept) - set(without) == {"CONFIG_HEAT_INSTALL=y", "CONFIG_NTP_SERVERS=192.0.2.1"}
    stopped_and_destroyed(spec, ["httpd on played-1", "openstack-nova-compute on played-2"], servers, site)


def test_sunbeam(servers: list[Server], site: Site) -> None:
    """It runs as a user who is not root; the other server joins by a token; the manifest is the spec's."""
    words = "Error: Timed out while waiting for model"
    spec = half_failed("sunbeam", "bootstrap", words, servers, site, manifest={"core": {"config": {}}})
    entry = entry_of(spec, site)
    assert entry["auth"]["auth_url"] == "http://played-1:5000/v3"
    assert entry["region_name"] == "RegionOne"
    names = ["snap.openstack.clusterd on played-1", "snap.openstack-hypervisor.nova on played-2"]
    stopped_and_destroyed(spec, names, servers, site)


def test_openstack_ansible(servers: list[Server], site: Site) -> None:
    """Several servers are described by the spec; the administrator is reached by the public endpoint that it names."""
    spec = half_failed(
        "openstack-ansible",
        "setup-openstack",
        "os_nova: no host found",
        servers,
        site,
        user_config=user_config(servers),
        variables={"debug": True},
        auth_url="https://192.0.2.61:5000/v3",
    )
    cloud = deployment.deploy(spec, site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["played"]
    assert (entry["auth"]["auth_url"], entry["interface"]) == ("https://192.0.2.61:5000/v3", "public")
    assert cloud.ca == "a-certificate\n"
    host = site.host(servers[0])
    assert host.read("/etc/openstack_deploy/user_secrets.yml") == "keystone_auth_admin_password: made\n"
    assert entry["auth"]["password"] in host.read("/etc/openstack_deploy/user_zz_rallycross.yml")
    names = [
        "haproxy on played-1",
        "keystone-wsgi-public on played-1",
        *(f"nova-compute on played-{n}" for n in (1, 2)),
    ]
    stopped_and_destroyed(spec, names, servers, site)
    assert host.run("ls /opt/played/destroyed").out


def test_what_is_wrong_with_a_spec_is_told(servers: list[Server], site: Site) -> None:
    """A spec that no cloud can come from is refused before anything is made."""
    both = {"user_config": {}, "scenario": "aio_lxc"}
    for engine, options, what in (
        (
            "packstack",
            {"answers": {"heat": True}},
            "answers: must have keys such as CONFIG_HEAT_INSTALL, not 'heat'",
        ),
        ("packstack", {"answers": {"CONFIG_A": [1]}}, "answers: must have one line of text"),
        ("sunbeam", {"roles": {"played-1": ["controller"]}}, "roles: must have lists of control, compute, storage"),
        ("sunbeam", {"user": "a b"}, "user: must be a user name, not 'a b'"),
        ("openstack-ansible", both, "user_config: cannot be given together with 'scenario'"),
    ):
        with pytest.raises(InvalidInput, match=what):
            a_spec(engine, servers, **options)
    for engine, options, what in (
        ("openstack-ansible", {}, "several servers need `user_config`"),
        ("sunbeam", {"roles": {"played-3": ["compute"]}}, "roles: there is no server 'played-3'"),
        ("sunbeam", {"roles": {"played-1": ["compute"]}}, "roles: played-1, the first node of the cluster, must"),
    ):
        with pytest.raises(RallycrossError, match=what):
            deployment.deploy(a_spec(engine, servers, **options), site)


def test_keys_of_others_are_left_alone(servers: list[Server], site: Site) -> None:
    """A key is added to a file whose last line has no end, and taken out again; on a full disk no key is lost."""
    host, home = site.host(servers[0]), "HOME=/mnt\n"
    host.run("mount -t tmpfs -o size=8k tmpfs /mnt; mkdir -m 700 /mnt/.ssh; printf other > /mnt/.ssh/authorized_keys")
    try:
        for _ in range(2):
            host.run(home + admit("ours\n"))
            assert host.read("/mnt/.ssh/authorized_keys") == "other\nours\n"
        host.run("head -c 64k /dev/zero > /mnt/full 2>/dev/null || :")
        with pytest.raises(CommandFailed, match="No space left on device"):
            host.run(home + dismiss("ours\n"))
        assert host.read("/mnt/.ssh/authorized_keys") == "other\nours\n"
        host.run("rm /mnt/full")
        for _ in range(2):
            host.run(home + dismiss("ours\n"))
            assert host.read("/mnt/.ssh/authorized_keys") == "other\n"
    finally:
        host.run("umount /mnt")


class _Played(WholeHosts):
    """A controller, which is the deployer's host, and a compute node."""

    servers = 2
    kill_after = 0.5
    played: ClassVar[Played]
    engine: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def _seeded(request: pytest.FixtureRequest, ground: Ground) -> None:
        script = request.cls.played.script(ground.folder)
        for server in ground.servers:
            ground.on(server, script)

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return {"name": name, "engine": self.engine, "provider": existing(servers), **_OPTIONS[self.engine]}


@pytest.mark.full
class TestOpenStackAnsible(_Played):
    """By playbooks."""

    played, engine, kind = OPENSTACK_ANSIBLE, "openstack-ansible", "OpenStack-Ansible"

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return super().spec(name, servers) | {"user_config": user_config(servers)}


@pytest.mark.full
class TestPackstack(_Played):
    """By Puppet."""

    played, engine, kind = PACKSTACK, "packstack", "Packstack"


@pytest.mark.full
class TestSunbeam(_Played):
    """By snaps."""

    played, engine, kind = SUNBEAM, "sunbeam", "Sunbeam"


@pytest.mark.full
@pytest.mark.parametrize("engine", ["openstack-ansible", "packstack", "sunbeam"])
def test_the_real_one(engine: str, tmp_path: Path) -> None:
    """The real deployer makes a cloud that can be used, and takes away what it can."""
    word = engine.replace("-", "_").upper()
    if not has_host(word):
        pytest.skip(f"set RALLYCROSS_LIVE_{word}_HOST; see CONTRIBUTING.md")
    deploy_and_destroy(engine, word, tmp_path)
