"""The scripts that all deployers' steps have in common. Each may be begun twice, and by root or by a user with sudo."""

from collections.abc import Sequence
from shlex import quote

from rallycross.deployment.node import Node
from rallycross.deployment.systemd import enabled
from rallycross.deployment.whole_host import AS_ROOT

_SSH = "umask 077\nmkdir -p ~/.ssh\ntouch ~/.ssh/authorized_keys ~/.ssh/config\n"


def as_root_only(nodes: Sequence[Node], kind: str) -> str | None:
    """Return what is wrong with whom one signs in as, for a deployer that takes nobody but root; or None."""
    other = [node.name for node in nodes if node.server and node.server.user != "root"]
    return f"{kind} wants to be root - set `user: root` for {', '.join(other)}" if other else None


def cleared(trace: str, units: Sequence[str]) -> str:
    """End what is left of the units, for good, and take away the `trace`."""
    return f"""{AS_ROOT}{enabled(units)}
[ -z "$units" ] || as_root systemctl disable -q --now $units
as_root rm -rf {trace}
"""


def admit(public_key: str) -> str:
    """Let who has the other half of a key sign in."""
    key = quote(public_key.strip())
    # A last line without an end would become one with ours, and neither key would be taken.
    return f"""{_SSH}grep -qxF {key} ~/.ssh/authorized_keys || {{
    [ -z "$(tail -c 1 ~/.ssh/authorized_keys)" ] || echo >> ~/.ssh/authorized_keys
    echo {key} >> ~/.ssh/authorized_keys
}}
"""


def dismiss(public_key: str) -> str:
    """Let them sign in no more."""
    return f"""[ -e ~/.ssh/authorized_keys ] || exit 0
umask 077
grep -vxF {quote(public_key.strip())} ~/.ssh/authorized_keys > ~/.ssh/.rallycross || [ $? = 1 ]  # 1: none is left
cat ~/.ssh/.rallycross > ~/.ssh/authorized_keys
rm -f ~/.ssh/.rallycross
"""


def reach(root: str, cloud: str, nodes: Sequence[Node]) -> str:
    """Let SSH know the nodes by name and by address, and see that each answers."""
    sections = "".join(_section(root, node) for node in nodes)
    tries = "".join(f"ssh -o BatchMode=yes {quote(node.name)} true\n" for node in nodes)
    # In front: what SSH reads first is what holds.
    return f"""{_SSH}{forget(cloud)}
{{ cat <<'EOF'; cat ~/.ssh/config; }} > ~/.ssh/.rallycross
{_begin(cloud)}
{sections}{_end(cloud)}
EOF
cat ~/.ssh/.rallycross > ~/.ssh/config
rm -f ~/.ssh/.rallycross
{tries}"""


def forget(cloud: str) -> str:
    """Let SSH know them no more."""
    return f"[ ! -e ~/.ssh/config ] || sed -i '/^{_begin(cloud)}$/,/^{_end(cloud)}$/d' ~/.ssh/config"


def _section(root: str, node: Node) -> str:
    assert node.server is not None
    # An address of its own is another door than the one that we come in by.
    port = 22 if node.server.address else node.server.port
    return f"""\
Host {node.name} {node.address}
    HostName {node.address}
    Port {port}
    User {node.server.user}
    IdentityFile {root}/ssh/key
    UserKnownHostsFile {root}/ssh/known_hosts
    StrictHostKeyChecking accept-new
"""


def _begin(cloud: str) -> str:
    return f"# rallycross cloud {cloud}: begin"


def _end(cloud: str) -> str:
    return f"# rallycross cloud {cloud}: end"
