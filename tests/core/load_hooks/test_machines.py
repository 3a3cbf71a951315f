"""Which machines hooks may break things on."""

from pathlib import Path

import pytest

from rallycross.deployment import LocalHost, load_spec
from rallycross.deployment.node import Node
from rallycross.deployment.server import Server
from rallycross.errors import InvalidInput
from rallycross.load_hooks.faults.machine import kept, machines_of
from rallycross.load_hooks.faults.scripts import Supervised, Systemd

EXISTING = """
name: one
engine: existing
hosts:
  ctl1: {host: 192.0.2.1, services: {keystone: apache2}}
  ctl2: {host: 192.0.2.2, user: ops, port: 2222, key: ~/.ssh/id, networks: {storage: eth1}}
"""

SERVERS = """
name: two
engine: {}
provider: {{type: existing, servers: [{{name: compute-1, host: 192.0.2.12}}]}}
"""


def test_an_embedded_cloud_is_this_machine_with_its_supervisor() -> None:
    """The embedded cloud's services are reached on this machine, through the supervisor in its folder."""
    machines = machines_of(load_spec("name: one\nengine: embedded", file="one.yaml"), "/a/root")
    assert list(machines) == ["localhost"]
    assert (machines["localhost"].server, machines["localhost"].services) == (None, Supervised("/a/root"))


def test_a_cloud_on_servers_is_its_nodes() -> None:
    """Each server of a deployed cloud is a machine, with the cloud's supervisor or with systemd, and its host key."""
    server = Server("compute-1", "192.0.2.12", "ops", 2222, "~/.ssh/id")
    kept = Node("compute-1", LocalHost(), "/b/root", server).kept
    assert kept is not None
    for engine, services in (("embedded", Supervised("/b/root")), ("devstack", Systemd())):
        spec = load_spec(SERVERS.format(engine), file="two.yaml")
        machines = machines_of(spec, "/a/root", [kept], known_hosts=Path("/a/known"))
        assert list(machines) == ["compute-1"]
        assert machines["compute-1"].server == server
        assert (machines["compute-1"].services, machines["compute-1"].known_hosts) == (services, Path("/a/known"))


def test_a_server_that_a_key_does_not_open_is_none() -> None:
    """A server behind another, and one that wants a password, would not be got to again: they are left alone."""
    gate = Server("gate", "192.0.2.1", password="hush")
    for server in (gate, Server("box", "10.0.3.5", via=gate)):
        assert Node(server.name, LocalHost(), "/b/root", server).kept is None


def test_an_existing_cloud_is_what_its_spec_names() -> None:
    """The machines of an existing cloud are those of its spec, by SSH, with units and interfaces as they are called."""
    machines = machines_of(load_spec(EXISTING, file="one.yaml"), "")
    assert machines["ctl1"].server == Server("ctl1", "192.0.2.1")
    assert machines["ctl1"].services == Systemd({"keystone": "apache2"})
    assert machines["ctl2"].server == Server("ctl2", "192.0.2.2", "ops", 2222, "~/.ssh/id")
    assert machines["ctl2"].networks == {"storage": "eth1"}


def test_without_hosts_nothing_may_be_broken() -> None:
    """A cloud whose spec names no machines, and one without a spec, have none."""
    assert machines_of(load_spec("name: one\nengine: existing", file="one.yaml"), "") == {}
    assert machines_of(None, "") == {}


def test_bad_hosts_are_told_with_the_spec() -> None:
    """What is wrong with a machine is a complaint about the spec."""
    with pytest.raises(InvalidInput, match=r"hosts: .*ctl1.* lacks the key 'host'"):
        load_spec("name: one\nengine: existing\nhosts: {ctl1: {user: me}}", file="one.yaml")


def test_the_ledger_gets_no_secret() -> None:
    """What is kept of a machine is where it is and where the key lies."""
    machine = machines_of(load_spec(EXISTING, file="one.yaml"), "")["ctl2"]
    server = {"name": "ctl2", "host": "192.0.2.2", "user": "ops", "port": 2222, "key": "~/.ssh/id", "address": ""}
    assert kept(machine) == {"server": server, "known_hosts": None}
