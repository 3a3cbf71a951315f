"""The provider `virsh` with real libvirt and QEMU: emulated guests on a test host, or a host from the environment."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toy_engine  # noqa: F401 - registers itself
import yaml
from guests import PASSWORD
from libvirt_host import TEMPLATE, libvirt_host
from machines import Machines, NoMachinesError
from sites import a_site

from rallycross import deployment
from rallycross.deployment import CloudSpec, Site
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.server import Server

pytestmark = pytest.mark.full

_LIVE = "RALLYCROSS_LIVE_VIRSH"


def a_spec(name: str, section: dict[str, Any], **keys: Any) -> CloudSpec:
    """Return the spec of a cloud on clones."""
    provider = {"type": "virsh", "timeout": 600, **section, **keys}
    return deployment.load_spec(yaml.safe_dump({"name": name, "engine": "toy", "provider": provider}), file="s.yaml")


def states(spec: CloudSpec, site: Site) -> list[str]:
    """Return the state of each part of a cloud."""
    return [service.state for service in deployment.status(spec, site)]


@pytest.fixture(scope="module", name="boss")
def _boss(machines: Machines) -> Iterator[Server]:
    try:
        boss = libvirt_host(machines, "virt")
    except NoMachinesError as error:
        pytest.skip(str(error))
    yield boss
    machines.stop("virt")


def section(boss: Server) -> dict[str, Any]:
    """Return the section of a spec for the test host."""
    return {
        "connection": f"{boss.user}@{boss.host}",
        "key": boss.key,
        "template_name": TEMPLATE,
        "template_password": PASSWORD,
    }


def test_clones_are_servers(boss: Server, tmp_path: Path) -> None:
    """Linked and full clones are deployed to, found and started again, and destroyed; the template stays as it was."""
    linked = a_spec("linked", section(boss), amount=2)
    full = a_spec("full", section(boss), clone="full", pool="pool")
    one, other = a_site(tmp_path / "one", name="linked"), a_site(tmp_path / "other", name="full")
    try:
        host = one.host(boss)
        before = host.run("stat -c '%y %b' /srv/guests/disk; sha256sum /srv/guests/disk").out
        deployment.deploy(linked, one)
        assert states(linked, one) == ["RUNNING", "RUNNING"]
        macs = host.run("for name in $(virsh list --name); do virsh -q domiflist $name; done").out.split()[4::5]
        assert len(set(macs)) == 2
        deployment.deploy(full, other)
        host.run("virsh destroy rallycross-linked-1")  # by somebody else
        deployment.deploy(linked, one)
        assert states(linked, one) == ["RUNNING", "RUNNING"]
        deployment.destroy(linked, one)
        assert states(full, other) == ["RUNNING"]
        assert host.run("virsh list --all --name").out.split() == ["rallycross-full-1", TEMPLATE]
        deployment.destroy(full, other)
        assert host.run("virsh list --all --name; ls /srv/guests /srv/pool").out.split() == [
            TEMPLATE,
            *("/srv/guests:", "disk", "install.iso", "kernel", "ramdisk"),
            "/srv/pool:",
        ]
        assert host.run("stat -c '%y %b' /srv/guests/disk; sha256sum /srv/guests/disk").out == before
        assert one.ledger.standing() == other.ledger.standing() == []
    finally:
        one.close()
        other.close()


def test_a_copy_that_was_killed_is_destroyed(boss: Server, tmp_path: Path) -> None:
    """Where virsh is killed while libvirt copies, a destroy waits for the copying and deletes what it has made."""
    spec, site = a_spec("killed", section(boss), clone="full", pool="pool"), a_site(tmp_path, name="killed")
    kill = "for try in $(seq 600); do ! pkill -KILL -f '[v]ol-create-from' || break; sleep 0.05; done"
    try:
        killer = threading.Thread(target=site.host(boss).run, args=(kill,))
        killer.start()
        with pytest.raises(StepFailed, match="rallycross-killed-1"):
            deployment.deploy(spec, site)
        killer.join()
        assert site.ledger.standing() != []
        deployment.destroy(spec, site)
        assert site.host(boss).run("virsh list --all --name; ls /srv/pool").out.split() == [TEMPLATE]
        assert site.ledger.standing() == []
    finally:
        site.close()


@pytest.mark.skipif(f"{_LIVE}_CONNECTION" not in os.environ, reason=f"set {_LIVE}_CONNECTION and ..._TEMPLATE")
def test_a_host_of_ones_own(tmp_path: Path) -> None:
    """Clones of the template at RALLYCROSS_LIVE_VIRSH_CONNECTION are deployed to, twice, and destroyed."""
    names = {"connection": "CONNECTION", "key": "KEY", "template_name": "TEMPLATE", "template_user": "USER"}
    names |= {"template_password": "PASSWORD", "template_key": "TEMPLATE_KEY", "clone": "CLONE", "pool": "POOL"}
    found = {key: os.environ.get(f"{_LIVE}_{word}") for key, word in names.items()}
    spec = a_spec("live", {key: value for key, value in found.items() if value}, amount=2)
    site = a_site(tmp_path, name="live", away=60)
    try:
        for _ in range(2):
            deployment.deploy(spec, site)
            assert states(spec, site) == ["RUNNING", "RUNNING"]
        deployment.destroy(spec, site)
        assert site.ledger.standing() == []
    finally:
        site.close()
