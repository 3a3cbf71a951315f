"""What deployers share that take over a host as a whole: on a real host, as root and as a user with sudo."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from carrying import carry
from git_trees import BRANCH, repository
from machines import Machines
from sites import a_site
from told import Told

from rallycross.deployment import whole_host
from rallycross.deployment.failure import StepFailed
from rallycross.deployment.host import CommandFailed
from rallycross.deployment.local_host import LocalHost
from rallycross.deployment.ssh_host import SSHHost
from rallycross.deployment.step import Step, StepEvent

_SUDOER = """
useradd -m -s /bin/bash ops
echo 'ops ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ops
echo 'umask 077' > /home/ops/.bash_profile
echo 'session optional pam_umask.so umask=077' >> /etc/pam.d/sshd
install -d -m 700 -o ops /home/ops/.ssh
install -m 600 -o ops /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys
"""


@pytest.fixture(scope="module", name="hosts")
def _hosts(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SSHHost, SSHHost]]:
    """Return one host twice: as root, and as a user with sudo and a strict umask."""
    server = machines.start("whole-1")
    site = a_site(tmp_path_factory.mktemp("seed"))
    root = site.host(server)
    root.run(_SUDOER)
    yield root, site.host(replace(server, user="ops"))
    site.close()
    machines.stop("whole-1")


def test_a_host_is_one_clouds(hosts: tuple[SSHHost, SSHHost]) -> None:
    """The first of two clouds has the host, for any user; it can repeat its claim, and only it can release it."""
    root, ops = hosts
    ops.run(whole_host.claim("Packstack's cloud one"))
    ops.run(whole_host.claim("Packstack's cloud one", foreign="/etc"))
    for host in hosts:
        with pytest.raises(
            CommandFailed, match=r"this host already has Packstack's cloud one, .* - destroy that cloud first"
        ):
            host.run(whole_host.claim("Anvil's cloud two"))
        host.run(whole_host.unclaim("Anvil's cloud two", before="touch /root/undone\n"))
    assert root.run(f"cat {whole_host.CLAIM}; ls /root").out == "Packstack's cloud one\n"
    ops.run(whole_host.unclaim("Packstack's cloud one"))
    with pytest.raises(CommandFailed, match=r"/etc exists, so something else has deployed to this host"):
        ops.run(whole_host.claim("Packstack's cloud one", foreign="/etc"))
    root.run(whole_host.claim("Anvil's cloud two"))
    root.run(whole_host.unclaim("Anvil's cloud two"))


def test_a_claim_that_finds_no_room_is_none(hosts: tuple[SSHHost, SSHHost]) -> None:
    """On a full disk a claim fails with that reason and leaves no owner, and it succeeds once there is room."""
    root, _ = hosts
    folder = whole_host.CLAIM.rpartition("/")[0]
    root.run(f"mkdir -p {folder}; mount -t tmpfs -o size=4k tmpfs {folder}; head -c 4096 /dev/zero > {folder}/full")
    try:
        with pytest.raises(CommandFailed, match="No space left on device"):
            root.run(whole_host.claim("Anvil's cloud two"))
        root.run(f"rm {folder}/full")
        root.run(whole_host.claim("Anvil's cloud two"))
        assert root.run(f"ls -A {folder}").out == "host\n"
    finally:
        root.run(f"umount {folder}")


def test_what_a_user_with_sudo_began_is_ended(hosts: tuple[SSHHost, SSHHost], told: Told) -> None:
    """At a step's limit, and when its deployer is interrupted, nothing of it runs on, root's processes neither."""
    _, ops = hosts
    began = "until pgrep -f '[s]leep 7117' >/dev/null; do sleep 0.1; done"
    as_root = f"{whole_host.AS_ROOT}as_root sleep 7117"
    with pytest.raises(StepFailed, match="not done within 2 s, and killed"):
        carry([Step("a", as_root, limit=2)], ops, root="/home/ops/a", tell=told)
    assert ops.run("pgrep -af '[s]leep 7117' || :").out == ""

    def interrupt(event: StepEvent) -> None:
        if (event.name, event.status) == ("after", "running"):
            raise KeyboardInterrupt

    steps = [Step("a", as_root), Step("began", began, limit=20), Step("after", "true", needs=("began",))]
    with pytest.raises(KeyboardInterrupt):
        carry(steps, ops, root="/home/ops/b", tell=interrupt)
    assert ops.run("pgrep -af '[s]leep 7117' || :").out == ""


def test_a_checkout_goes_on_where_git_was_killed(tmp_path: Path) -> None:
    """The locks of a git that was killed in the midst of it are no lasting obstacle; what is not git's stays."""
    host, tree = LocalHost(), tmp_path / "tree"
    repository("devstack", tmp_path)  # the folder that it is made in has it, too
    script = f"tree={tree}\n{whole_host.checkout(f'file://{tmp_path}/devstack.git', BRANCH, program='stack.sh')}"
    host.run(script)
    (tree / "local.conf").write_text("mine")
    for name in ("index.lock", "shallow.lock", "HEAD.lock"):
        (tree / ".git" / name).touch()
    (tree / "stack.sh").unlink()
    assert "A tree" in host.run(script).out
    assert (tree / "stack.sh").exists()
    assert (tree / "local.conf").read_text() == "mine"
    with pytest.raises(CommandFailed, match=r"has no smithy at stable/2026\.1"):
        host.run(script.replace("stack.sh", "smithy"))
