"""The engine `devstack` on real hosts by real SSH, against a DevStack of the tests' own that also misbehaves."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conformance import Ground, existing
from git_trees import BRANCH, repository
from machines import Machines
from sites import a_site
from told import Told
from whole_hosts import WholeHosts, assert_stops_and_starts, seeded

from rallycross import deployment
from rallycross.cloud.cloud import Cloud
from rallycross.deployment import CloudSpec, load_spec
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.server import Server
from rallycross.deployment.site import Site
from rallycross.errors import RallycrossError

REPO = "file:///srv/devstack.git"
GIT_BASE = os.environ.get("RALLYCROSS_LIVE_DEVSTACK_GIT_BASE", "")


def a_spec(servers: list[Server], *, name: str = "stacks", **options: Any) -> CloudSpec:
    """Return the spec of a DevStack of the tests' own."""
    data = {
        "name": name,
        "engine": "devstack",
        "devstack_repo": REPO,
        "devstack_branch": BRANCH,
        "provider": existing(servers),
    }
    return deployment.load_spec(yaml.safe_dump(data | options), file="stacks.yaml")


@pytest.fixture(scope="module", name="server")
def _server(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("seed")
    with seeded(machines, {"stack-1": [repository("devstack", folder)]}, folder) as (server,):
        yield server


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = a_site(tmp_path, name="stacks", away=60)
    yield site
    site.close()


def test_a_half_failed_stack_is_unstacked_and_run_again(server: Server, site: Site) -> None:
    """A failed stack.sh is told, and unstacked before the next; lost services are told; a destroy ends all."""
    spec, host = a_spec([server], local_conf={"TRAP": "fail-once", "ADMIN_PASSWORD": "hush-hush"}), site.host(server)
    with pytest.raises(StepFailed) as caught:
        deployment.deploy(spec, site)
    failure = caught.value.failures[0]
    assert (failure.step, failure.host, failure.code) == ("stack", "stack-1", 100)
    assert failure.command == "./stack.sh"
    assert "E: Unable to fetch some archives" in failure.last
    assert not [line for line in failure.last if "worlddump" in line]
    host.run("runuser -u stack -- git init -q /opt/stack/nova")  # as a clone that died leaves it
    cloud = deployment.deploy(spec, site)
    entries = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]
    assert list(entries) == ["stacks", "stacks-user-0", "stacks-user-1"]
    assert entries["stacks"]["auth"] | {"password": "hush-hush"} == entries["stacks"]["auth"]
    assert entries["stacks"]["auth"]["auth_url"] == f"http://{server.host}/identity"
    assert cloud.regions == ("RegionOne",)
    assert host.read("/opt/stack/runs").split() == ["run", "unstack", "run"]
    assert_stops_and_starts(spec, ["keystone", "n-cpu", "mariadb"], site)
    assert host.read("/opt/stack/runs").split() == ["run", "unstack", "run"]
    assert "Devstack" in deployment.logs(spec, site, service="keystone", lines=20)
    host.run("runuser -u stack -- env HOME=/opt/stack /opt/stack/devstack/unstack.sh")  # by somebody else
    with pytest.raises(StepFailed, match=r"no unit of devstack@.* is enabled"):
        deployment.deploy(spec, site)
    told = Told()
    deployment.destroy(spec, replace(site, tell=told))
    left = host.run("systemctl list-unit-files --no-legend 'devstack@*' || :; pgrep -f '[c]ell.py' || :")
    assert left.out == ""
    assert host.run("systemctl is-active mariadb || :").out == "inactive\n"
    assert host.run("grep -rls hush-hush /etc /opt/stack /root || :").out == ""
    assert any("packages, the data of MariaDB" in event.title for event in told)
    assert site.ledger.standing() == []


@pytest.mark.full
def test_a_host_has_room_for_one(server: Server, site: Site, tmp_path: Path) -> None:
    """Another cloud on the host, by any deployer, is refused with the first one's name; its end does not touch that."""
    first = a_spec([server])
    deployment.deploy(first, site)
    packstack = yaml.safe_dump({"name": "second", "engine": "packstack", "provider": existing([server])})
    for second in (a_spec([server], name="second"), load_spec(packstack, file="p.yaml")):
        other = a_site(tmp_path / second.engine, name="second")
        try:
            with pytest.raises(StepFailed, match="this host already has DevStack's cloud stacks"):
                deployment.deploy(second, other)
            deployment.destroy(second, other)
        finally:
            other.close()
    assert {service.state for service in deployment.status(first, site)} == {"RUNNING"}
    deployment.destroy(first, site)


@pytest.mark.full
def test_a_stack_that_is_silent_about_its_failure_is_found_out(server: Server, site: Site) -> None:
    """An end with 0 that leaves no credentials is a failure."""
    site.host(server).run("rm -rf /etc/openstack")
    spec = a_spec([server], local_conf={"TRAP": "silent"}, cleanup="clean")
    with pytest.raises(StepFailed, match="has no devstack-admin"):
        deployment.deploy(spec, site)
    deployment.destroy(spec, site)
    assert site.host(server).run("ls /etc/systemd/system/devstack@* 2>/dev/null || :").out == ""


def test_a_server_is_needed(site: Site) -> None:
    """This machine is not taken over because a `provider` was forgotten."""
    spec = deployment.load_spec("name: stacks\nengine: devstack\n", file="stacks.yaml")
    with pytest.raises(RallycrossError, match="DevStack takes over its whole machine"):
        deployment.deploy(spec, site)


@pytest.mark.full
class TestDevStack(WholeHosts):
    """A controller and a compute node."""

    servers = 2
    kind = "DevStack"
    kill_after = 1.0

    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def _seeded(ground: Ground) -> None:
        script = repository("devstack", ground.folder)
        for server in ground.servers:
            ground.on(server, script)

    def spec(self, name: str, servers: list[Server]) -> dict[str, Any]:
        """Return its spec."""
        return {
            "name": name,
            "engine": "devstack",
            "devstack_repo": REPO,
            "devstack_branch": BRANCH,
            "local_conf": {"TRAP": "slow"},
            "provider": existing(servers),
        }

    def check(self, ground: Ground, spec: CloudSpec) -> None:
        """See the compute node mapped."""
        del spec
        assert ground.on(ground.servers[0], "cat /opt/stack/data/mapped") == f"{ground.servers[1].name}\n"


@pytest.mark.full
@pytest.mark.skipif(
    not GIT_BASE, reason="set RALLYCROSS_LIVE_DEVSTACK_GIT_BASE and ..._HOST; else a counterpart is driven, see above"
)
def test_the_real_devstack(site: Site) -> None:
    """The real one deploys from the repositories at RALLYCROSS_LIVE_DEVSTACK_GIT_BASE, can be used, and goes."""
    server = {
        "host": os.environ["RALLYCROSS_LIVE_DEVSTACK_HOST"],
        "user": os.environ.get("RALLYCROSS_LIVE_DEVSTACK_USER", "root"),
        "key": os.environ.get("RALLYCROSS_LIVE_DEVSTACK_KEY"),
    }
    data = {
        "name": "stacks",
        "engine": "devstack",
        "git_base": GIT_BASE,
        "devstack_branch": os.environ.get("RALLYCROSS_LIVE_DEVSTACK_BRANCH", "master"),
        "local_conf": yaml.safe_load(os.environ.get("RALLYCROSS_LIVE_DEVSTACK_LOCAL_CONF", "{}")),
        "env_fixups": yaml.safe_load(os.environ.get("RALLYCROSS_LIVE_DEVSTACK_FIXUPS", "[]")),
        "provider": {"type": "existing", "servers": [server]},
    }
    spec = deployment.load_spec(yaml.safe_dump(data), file="stacks.yaml")
    cloud = deployment.deploy(spec, site)
    entry = yaml.safe_load(cloud.clouds_yaml_text)["clouds"]["stacks"]
    assert list(Cloud("stacks", entry).connect().identity.services())
    deployment.destroy(spec, site)
