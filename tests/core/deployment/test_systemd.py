"""Units that a cloud runs as, by a real systemd."""

from collections.abc import Iterator

import pytest
from eventual import eventually
from machines import Machines
from sites import a_site

from rallycross.deployment import systemd
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.node import Node
from rallycross.errors import RallycrossError

UNITS = ("play-*.service",)
_UNIT = """
printf '[Service]\\nType=%s\\nExecStart=%s\\n[Install]\\nWantedBy=multi-user.target\\n' {kind} {command} \
    > /etc/systemd/system/play-{name}.service
systemctl enable -q play-{name}
"""


@pytest.fixture(name="node")
def _node(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    server = machines.start("units-1")
    site = a_site(tmp_path_factory.mktemp("seed"))
    yield site.node(server)
    site.close()
    machines.stop("units-1")


def test_units_are_started_looked_at_and_stopped(node: Node) -> None:
    """Only enabled units count, and one that does not start fails the step with its journal and systemd's message."""
    host = node.host
    with pytest.raises(CommandFailed, match=r"no unit of play-\*\.service is enabled, so the deployer has not"):
        host.run(systemd.start(UNITS))
    assert systemd.status([node], UNITS) == []
    with pytest.raises(RallycrossError, match="there is no service 'x' - there is: none yet"):
        systemd.logs([node], UNITS, service="x", lines=3)

    host.run(_UNIT.format(name="good", kind="simple", command="'/bin/sh -c \"echo hello; sleep infinity\"'"))
    host.run(systemd.start(UNITS))
    found = systemd.status([node], UNITS, prefix="play-")
    assert [(one.name, one.state, one.detail) for one in found] == [("good", "RUNNING", "running")]
    # systemd's own word on the start may come before the unit's, or after.
    assert eventually(lambda: ": hello\n" in systemd.logs([node], UNITS, service="play-good", lines=5))

    host.run(_UNIT.format(name="bad", kind="oneshot", command="'/bin/sh -c \"echo no database; exit 3\"'"))
    with pytest.raises(CommandFailed, match=r"(?s)no database.*failed: play-bad\.service"):
        host.run(systemd.start(UNITS))
    other = Node("other", host, node.root, node.server)
    states = {one.name: one.state for one in systemd.status([node, other], UNITS)}
    assert states["play-bad on units-1"] == states["play-bad on other"] == "FAILED"

    host.run(systemd.stop(UNITS))
    assert {one.state for one in systemd.status([node], UNITS)} == {"FAILED", "INACTIVE"}
