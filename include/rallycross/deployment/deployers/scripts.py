"""The scripts that the steps of all deployers share. Each may run again, as root or as a user with sudo."""

from collections.abc import Sequence
from shlex import quote

from rallycross.deployment.node import Node
from rallycross.deployment.systemd import enabled
from rallycross.deployment.whole_host import AS_ROOT

_SSH = "umask 077\nmkdir -p ~/.ssh\ntouch ~/.ssh/authorized_keys ~/.ssh/config\n"


def as_root_only(nodes: Sequence[Node], kind: str) -> str | None:
    """Return the complaint that a deployer needs root on nodes that have another user, or None."""
    other = [node.name for node in nodes if node.server and node.server.user != "root"]
    return f"{kind} needs root - set `user: root` for {', '.join(other)}" if other else None


def cleared(trace: str, units: Sequence[str]) -> str:
    """Return the script that disables and stops the remaining units, and deletes the folder `trace`."""
    return f"""{AS_ROOT}{enabled(units)}
[ -z "$units" ] || as_root systemctl disable -q --now $units
as_root rm -rf {trace}
"""


def admit(public_key: str) -> str:
    """Return the script that authorizes a public key."""
    key = quote(public_key.strip())
    # If the last line does not end with a newline, ours would be joined to it, and neither key would work.
    return f"""{_SSH}grep -qxF {key} ~/.ssh/authorized_keys || {{
    [ -z "$(tail -c 1 ~/.ssh/authorized_keys)" ] || echo >> ~/.ssh/authorized_keys
    echo {key} >> ~/.ssh/authorized_keys
}}
"""


def dismiss(public_key: str) -> str:
    """Return the script that removes a public key again."""
    return f"""[ -e ~/.ssh/authorized_keys ] || exit 0
umask 077
grep -vxF {quote(public_key.strip())} ~/.ssh/authorized_keys > ~/.ssh/.rallycross || [ $? = 1 ]  # 1: none is left
cat ~/.ssh/.rallycross > ~/.ssh/authorized_keys
rm -f ~/.ssh/.rallycross
"""


def reach(root: str, cloud: str, nodes: Sequence[Node]) -> str:
    """Return the script that adds the nodes to ~/.ssh/config, by name and address, and checks that each answers."""
    sections = "".join(_section(root, node) for node in nodes)
    tries = "".join(f"ssh -o BatchMode=yes {quote(node.name)} true\n" for node in nodes)
    # At the start of the file: SSH uses the first value that it finds.
    return f"""{_SSH}{forget(cloud)}
{{ cat <<'EOF'; cat ~/.ssh/config; }} > ~/.ssh/.rallycross
{_begin(cloud)}
{sections}{_end(cloud)}
EOF
cat ~/.ssh/.rallycross > ~/.ssh/config
rm -f ~/.ssh/.rallycross
{tries}"""


def forget(cloud: str) -> str:
    """Return the script that removes the cloud's nodes from ~/.ssh/config."""
    return f"[ ! -e ~/.ssh/config ] || sed -i '/^{_begin(cloud)}$/,/^{_end(cloud)}$/d' ~/.ssh/config"


def _section(root: str, node: Node) -> str:
    assert node.server is not None
    # The port is that of `host`; at another address SSH listens on the usual port.
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
