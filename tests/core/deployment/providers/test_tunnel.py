"""One end of a tunnel, in a network namespace of the test's own: what is another's is not taken over, nor deleted."""

import os
from ipaddress import ip_address, ip_network
from shlex import quote

import pytest

from rallycross.deployment.host import Ran
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.node import LOCAL, Node
from rallycross.deployment.providers.lxc.tunnel import _addresses, _end, _number

HERE = Node(LOCAL, LocalHost(), "/root")


def ran(*scripts: str) -> Ran:
    """Run scripts one after the other in a new namespace, each in a shell of its own, until one fails."""
    all_ = " && ".join(f"bash -euc {quote(one)}" for one in scripts)
    return LocalHost().run(f"unshare -n bash -c {quote(all_)}", check=False)


@pytest.fixture(autouse=True)
def _vxlan() -> None:
    if os.geteuid() != 0 or ran("ip link add probe type vxlan id 1 remote 192.0.2.1 dstport 4789").code:
        pytest.skip("takes root and a kernel with vxlan; continuous integration, which has both, runs these tests")


def test_an_end_is_made_once_and_deleted() -> None:
    """A step that is done again finds its own interface, and its undoing leaves none, also the second time."""
    step = _end(HERE, 7, remote="192.0.2.1", address=_addresses(7)[0])
    twice = (step.script, step.script, "ip -o link | grep -c rallycross7:", step.undo, step.undo)
    done = ran(*twice, "! ip link show rallycross7 2>/dev/null")
    assert (done.code, done.out) == (0, "1\n"), done.err


def test_an_interface_of_another_tunnel_is_refused_and_left() -> None:
    """Two tunnels of one number do not share an interface; who has not made it does not delete it."""
    ours = _end(HERE, 7, remote="192.0.2.1", address=_addresses(7)[0])
    theirs = _end(HERE, 7, remote="192.0.2.2", address=_addresses(7)[0])
    refused = ran(theirs.script, ours.script)
    assert refused.code != 0
    assert "rallycross7 is another tunnel's - name the cloud differently" in refused.err
    assert ran(theirs.script, ours.undo, "ip link show rallycross7").code == 0


def test_two_numbers_have_no_address_in_common() -> None:
    """A tunnel's addresses are no other's, nor those at which a cloud has its metadata."""
    numbers = {_number("lab", "vm", f"192.0.2.{last}") for last in range(256)}
    blocks = {ip_network(f"{address}/30", strict=False) for number in numbers for address in _addresses(number)}
    assert len(blocks) == len(numbers) > 200
    assert max(_addresses(10_000)) < ip_address("169.254.169.254")
