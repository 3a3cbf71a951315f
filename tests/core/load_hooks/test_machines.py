"""Which machines hooks may break things on."""

import pytest

from rallycross.deployment import load_spec
from rallycross.errors import InvalidInput
from rallycross.load_hooks.faults.machine import Reach, kept, machines_of
from rallycross.load_hooks.faults.scripts import Supervised, Systemd

EXISTING = """
name: one
engine: existing
hosts:
  ctl1: {host: 192.0.2.1, services: {keystone: apache2}}
  ctl2: {host: 192.0.2.2, user: ops, port: 2222, key: ~/.ssh/id, networks: {storage: eth1}}
"""


def test_an_embedded_cloud_is_this_machine_with_its_supervisor() -> None:
    """The embedded cloud's services are reached on this machine, through the supervisor in its folder."""
    machines = machines_of(load_spec("name: one\nengine: embedded", file="one.yaml"), "/a/root")
    assert list(machines) == ["localhost"]
    assert (machines["localhost"].reach, machines["localhost"].services) == (None, Supervised("/a/root"))


def test_an_existing_cloud_is_what_its_spec_names() -> None:
    """The machines of an existing cloud are those of its spec, by SSH, with units and interfaces as they are called."""
    machines = machines_of(load_spec(EXISTING, file="one.yaml"), "")
    assert machines["ctl1"].reach == Reach("192.0.2.1")
    assert machines["ctl1"].services == Systemd({"keystone": "apache2"})
    assert machines["ctl2"].reach == Reach("192.0.2.2", "ops", 2222, "~/.ssh/id")
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
    reach = {"host": "192.0.2.2", "user": "ops", "port": 2222, "key": "~/.ssh/id"}
    assert kept(machine) == {"machine": "ctl2", "reach": reach}
