"""The engine `anvil`, mode `classic`: on real hosts by real SSH, against a smithy of the tests' own, with its traps."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conformance import Ground, existing
from git_trees import BRANCH, repository
from machines import Machines
from sites import a_site
from whole_hosts import WholeHosts, seeded

from rallycross import deployment
from rallycross.deployment import CloudSpec
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import InvalidInput, RallycrossError

REPO = "file:///srv/anvil.git"
PERSONA = {
    "components": ["general", "db", "rabbit-mq", "keystone-client", "keystone", "glance", "nova"],
    "options": {"general": {"trap": "none"}, "nova": {"db-sync": True}},
    "subsystems": {"keystone": ["all"], "glance": ["api", "registry"], "nova": ["api", "compute"]},
    "no-origin": ["general", "db", "rabbit-mq"],
    "supports": ["rhel"],
}
ORIGINS = {
    name: {"repo": f"git://github.com/openstack/{name}.git", "tag": "2014.2.1"}
    for name in ("keystone-client", "keystone", "glance", "nova")
}
LIVE = os.environ.get("RALLYCROSS_LIVE_ANVIL_HOST", "")


def a_spec(servers: list[Server], *, name: str = "forged", trap: str = "none", **options: Any) -> CloudSpec:
    """Return the spec of a cloud by the tests' own smithy."""
    persona = PERSONA | {"options": {"general": {"trap": trap}}}
    data = {
        "name": name,
        "engine": "anvil",
        "mode": "classic",
        "persona": yaml.safe_dump(persona),
        "origins": yaml.safe_dump(ORIGINS),
        "anvil_repo": REPO,
        "anvil_branch": BRANCH,
        "force": True,
        "provider": existing(servers),
    }
    return deployment.load_spec(yaml.safe_dump(data | options), file="forged.yaml")


@pytest.fixture(scope="module", name="server")
def _server(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("seed")
    with seeded(machines, {"forge-1": [repository("anvil", folder)]}, folder) as (server,):
        yield server


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = a_site(tmp_path, name="forged", away=60)
    yield site
    site.close()


def states(spec: CloudSpec, site: Site) -> dict[str, str]:
    """Return the state of each service."""
    return {service.name: service.state for service in deployment.status(spec, site)}


def test_a_cloud_is_forged_through_all_that_smithy_does(server: Server, site: Site, tmp_path: Path) -> None:
    """A failed action is taken up; what has died is started, though smithy has it as started; a destroy ends all."""
    patch = '[{"op": "remove", "path": "/heat"}]'
    spec, host = a_spec([server], trap="fail-once", origins_patch=patch, jobs=2), site.host(server)
    host.run("mkdir -p /etc/anvil && echo 'export OS_AUTH_URL=http://stale' > /etc/anvil/install.rc")
    with pytest.raises(StepFailed) as caught:
        deployment.deploy(spec, site)
    failure = caught.value.failures[0]
    assert (failure.step, failure.host, failure.code) == ("prepare", "forge-1", 1)
    assert "ERROR: Failed fetching git://github.com/openstack/glance.git" in failure.last
    cloud = deployment.deploy(spec, site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["forged"]
    password = entry["auth"]["password"]
    assert password.startswith("drowssap-")
    assert entry["auth"]["auth_url"] == f"http://{server.host}:5000/v2.0"
    assert entry["auth"]["project_name"] == "admin"
    assert not [file for file in (tmp_path / "logs").iterdir() if password in file.read_text()]
    assert "export OS_PASSWORD=***" in (tmp_path / "logs" / "forge-1-install.log").read_text()
    assert [*states(spec, site)][:3] == ["general", "db", "rabbit-mq"]
    assert set(states(spec, site).values()) == {"RUNNING"}
    assert host.run("stat -c %a /etc/anvil/install.rc").out == "600\n"
    deployment.stop(spec, site)
    assert states(spec, site)["nova-compute"] == "STOPPED"
    deployment.deploy(spec, site)
    host.run(
        "systemctl stop openstack-nova-compute && mkdir -p /var/log/nova && echo hello > /var/log/nova/compute.log"
    )
    assert states(spec, site)["nova-compute"] == "STOPPED"
    deployment.deploy(spec, site)
    assert states(spec, site)["nova-compute"] == "RUNNING"
    assert deployment.logs(spec, site, service="nova-compute", lines=5) == "==> nova-compute\nhello\n"
    with pytest.raises(RallycrossError, match="there is no service 'nova-x' - there is: general, db"):
        deployment.logs(spec, site, service="nova-x", lines=5)
    deployment.destroy(spec, site)
    left = host.run("ls /etc/systemd/system/openstack-* /etc/anvil/install.rc /var/lib/rallycross/host || :")
    assert left.out == ""
    assert site.ledger.standing() == []


@pytest.mark.full
def test_what_does_not_stay_up_is_told(server: Server, site: Site) -> None:
    """The real one, too, ends well where a program has not started; the step does not."""
    spec = a_spec([server], trap="dies")
    with pytest.raises(StepFailed, match="this does not stay up") as caught:
        deployment.deploy(spec, site)
    assert "INFO: |-- api is stopped." in caught.value.failures[0].last
    deployment.destroy(spec, site)


@pytest.mark.full
def test_an_installation_without_credentials_is_found_out(server: Server, site: Site) -> None:
    """An end with 0 that leaves no install.rc is a failure, also where another cloud has left one."""
    spec = a_spec([server], trap="silent")
    site.host(server).run("mkdir -p /etc/anvil && echo 'export OS_AUTH_URL=http://stale' > /etc/anvil/install.rc")
    with pytest.raises(StepFailed, match="has no OS_AUTH_URL"):
        deployment.deploy(spec, site)
    deployment.destroy(spec, site)


@pytest.mark.full
def test_a_distribution_that_anvil_does_not_know_is_refused(server: Server, site: Site) -> None:
    """Without `force` smithy's own words say so."""
    spec = a_spec([server], force=False)
    with pytest.raises(StepFailed, match="Anvil has not been tested on distribution 'Debian"):
        deployment.deploy(spec, site)
    deployment.destroy(spec, site)


def test_one_server_is_needed(site: Site) -> None:
    """This machine is not taken over because a `provider` was forgotten."""
    with pytest.raises(InvalidInput, match=r"forged.yaml:1:1: lacks the key 'origins' - smithy builds from these"):
        deployment.deploy(a_spec([Server("a", "192.0.2.1")], origins=None), site)
    with pytest.raises(RallycrossError, match="Anvil takes over one whole machine"):
        deployment.deploy(a_spec([], provider=None), site)


@pytest.mark.full
class TestAnvil(WholeHosts):
    """One server, which is what Anvil deploys."""

    kind = "Anvil"
    kill_after = 1.0

    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def _seeded(ground: Ground) -> None:
        for server in ground.servers:
            ground.on(server, repository("anvil", ground.folder))

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        spec: dict[str, Any] = yaml.safe_load(a_spec(servers, name=name, trap="slow").text)
        return spec

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """See a program of nova's run."""
        del spec
        assert ground.on(ground.servers[0], "systemctl is-active openstack-nova-compute") == "active\n"


@pytest.mark.full
@pytest.mark.skipif(not LIVE, reason="set RALLYCROSS_LIVE_ANVIL_HOST and what it needs; else a counterpart is driven")
def test_the_real_anvil(site: Site) -> None:
    """The real one prepares, builds, installs and starts on the host that is given, and goes."""
    server = {
        "host": LIVE,
        "user": os.environ.get("RALLYCROSS_LIVE_ANVIL_USER", "root"),
        "key": os.environ.get("RALLYCROSS_LIVE_ANVIL_KEY"),
    }
    given = yaml.safe_load(os.environ.get("RALLYCROSS_LIVE_ANVIL_OPTIONS", "{}"))
    data = {
        "name": "forged",
        "engine": "anvil",
        "mode": "classic",
        "persona": os.environ["RALLYCROSS_LIVE_ANVIL_PERSONA"],
        "origins": os.environ["RALLYCROSS_LIVE_ANVIL_ORIGINS"],
        "provider": {"type": "existing", "servers": [server]},
    }
    spec = deployment.load_spec(yaml.safe_dump(data | given), file="forged.yaml")
    deployment.deploy(spec, site)
    assert set(states(spec, site).values()) == {"RUNNING"}
    deployment.destroy(spec, site)
