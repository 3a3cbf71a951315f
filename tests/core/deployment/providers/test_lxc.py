"""The provider `lxc` where no container runs: names, and what is whose. `test_long_conformance` has real ones."""

from pathlib import Path

import pytest
import yaml
from sites import a_site
from small_cloud import ADMIN, SmallCloud

from rallycross.deployment import load_spec
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.ledger import PartLedger
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.provider import PROVIDERS
from rallycross.deployment.providers.lxc import provider as lxc
from rallycross.deployment.server import Server
from rallycross.deployment.step import Step
from rallycross.errors import InvalidInput, RallycrossError

_PROGRAM = """#!/bin/bash
# Stands for all of LXC's programs: a container is its folder.
echo "${0##*/} $*" >> {folder}/calls
while [ $# -gt 0 ]; do case $1 in -n) old=$2 ;; -N) new=$2 ;; esac; shift; done
case ${0##*/} in
lxc-create) mkdir -p {folder}/lxc/$old/rootfs/{usr/bin,etc/apt/apt.conf.d,etc/ssl/certs}
    touch {folder}/lxc/$old/config {folder}/lxc/$old/rootfs/usr/bin/python3 ;;
lxc-copy) cp -r {folder}/lxc/$old {folder}/lxc/$new ;;
lxc-destroy) rm -rf {folder}/lxc/$old ;;
esac
"""


@pytest.fixture(name="containers")
def _containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a host's containers."""
    folder = tmp_path / "lxc"
    folder.mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("lxc-create", "lxc-copy", "lxc-destroy"):
        program = tmp_path / "bin" / name
        program.write_text(_PROGRAM.replace("{folder}", str(tmp_path)))
        program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(lxc, "_CONTAINERS", str(folder))
    return folder


def steps(root: Path, **keys: object) -> dict[str, Step]:
    """Return the steps for two containers on this machine."""
    given = {name: option.default for name, option in PROVIDERS["lxc"].options.items()} | keys
    node = Node(LOCAL, LocalHost(), str(root))
    return {step.name: step for step in lxc._steps(given, node, ["box-0-000", "box-0-001"], 0, "a key")}


def test_what_is_made_goes_and_what_others_have_made_stays(containers: Path, tmp_path: Path) -> None:
    """A container of our own is made once and destroyed; a name that another has taken is refused, and left."""
    mine, yours = steps(tmp_path / "my cloud"), steps(tmp_path / "yours")
    host = LocalHost()
    for step in (mine["container"], mine["copy box-0-001"], mine["container"]):
        host.run(step.script)
    assert sorted(one.name for one in containers.iterdir()) == ["box-0-000", "box-0-001"]
    assert (tmp_path / "calls").read_text().count("lxc-create") == 1

    for name in ("container", "copy box-0-001"):
        with pytest.raises(
            CommandFailed, match=r"container box-0-00\d exists already, and this cloud has not created it - set"
        ):
            host.run(yours[name].script)
        host.run(yours[name].undo)
    assert len(list(containers.iterdir())) == 2

    for _ in range(2):
        for name in ("container", "copy box-0-001"):
            host.run(mine[name].undo)
    assert list(containers.iterdir()) == []


@pytest.mark.parametrize("prefix", ["a; rm -rf /", "../up", "-f", "a b", ""])
def test_a_name_that_is_more_than_a_name_is_refused(prefix: str) -> None:
    """How names begin is said to be wrong at its place, with what it must be."""
    provider = f"provider:\n  type: lxc\n  container_name_prefix: '{prefix}'\n"
    with pytest.raises(InvalidInput, match=r"c.yaml:5:3: provider.container_name_prefix: must be at most 50 letters"):
        load_spec(f"name: one\nengine: embedded\n{provider}", file="c.yaml")


def test_a_host_that_is_no_more_in_the_spec_is_missed(tmp_path: Path) -> None:
    """Containers on a host that is no longer in the section are reported with that host's name."""
    site = a_site(tmp_path)
    site.ledger.remember("server", "mine-1-000", {**Server("mine-1-000", "10.0.3.9").kept(), "on": "node-2"})
    given = {name: option.default for name, option in PROVIDERS["lxc"].options.items()}
    with pytest.raises(RallycrossError, match="node-2: has containers of this cloud - add it back to `host_provider`"):
        PROVIDERS["lxc"].standing(given, site)


def test_hosts_that_are_ended_need_not_answer(small_cloud: SmallCloud, tmp_path: Path) -> None:
    """A destroy deletes virtual machines even if their containers cannot be reached."""
    entry = {"auth": {"auth_url": f"{small_cloud.url}/identity/v3", **ADMIN}, "region_name": "R"}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"small": entry}}))
    hosts = {"type": "openstack", "cloud": "small", "clouds_yaml": str(tmp_path / "clouds.yaml")}
    hosts |= {"image": {"name": "cirros"}, "flavor_id": "m1.nano"}
    text = yaml.safe_dump({"name": "mine", "engine": "embedded", "provider": {"type": "lxc", "host_provider": hosts}})
    provided = load_spec(text, file="c.yaml").provider
    assert provided is not None
    site = a_site(tmp_path)
    small_cloud.things["servers"] = {"s1": {"id": "s1", "name": "mine-1", "status": "ACTIVE", "made": 0}}
    dead = {**Server("mine-1", "127.0.0.1", port=1).kept(), "id": "s1"}
    PartLedger(site.ledger, "host").remember("server", "mine-1", dead)
    PartLedger(site.ledger, "lxc").remember("node", "mine-1", {"root": "/root/mine"})
    PartLedger(site.ledger, "lxc").remember("step", "container on mine-1", {"host": "mine-1", "undo": "lxc-destroy"})
    site.ledger.remember("server", "mine-0-000", {**Server("mine-0-000", "10.0.3.9").kept(), "on": "mine-1"})
    PROVIDERS["lxc"].destroy(provided.options, site)
    assert (small_cloud.count("servers"), site.ledger.standing()) == (0, [])


@pytest.mark.parametrize("network", ["10.1.1.0/30", "fd00::/64", "here"])
def test_a_network_that_cannot_be_had_is_refused(network: str) -> None:
    """LXC's bridge is one of IPv4, with room for containers."""
    provider = f"provider:\n  type: lxc\n  start_lxc_network: '{network}'\n"
    with pytest.raises(InvalidInput, match=r"provider.start_lxc_network: must "):
        load_spec(f"name: one\nengine: embedded\n{provider}", file="c.yaml")
