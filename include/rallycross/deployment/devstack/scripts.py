"""The scripts of a DevStack's steps. Each may be begun twice, and by root or by a user with sudo."""

from dataclasses import dataclass
from shlex import quote

from rallycross.deployment import whole_host
from rallycross.deployment.whole_host import AS_ROOT

CLOUDS_YAML = "/etc/openstack/clouds.yaml"
PREFIX = "devstack@"
UNITS = (f"{PREFIX}*.service",)


@dataclass(frozen=True)
class Place:
    """Where a DevStack is on its hosts, and from where it comes."""

    cloud: str
    user: str
    dest: str
    repo: str
    branch: str
    force: bool = False

    @property
    def tree(self) -> str:
        """The checkout."""
        return f"{self.dest}/devstack"

    @property
    def owner(self) -> str:
        """Whose its hosts are."""
        return f"DevStack's cloud {self.cloud}"


def _help(place: Place) -> str:
    """`as_root` and `as_stack` run a command; sudo asks for nothing, and lets the proxies through."""
    return f"""
cd /  # the user of DevStack cannot look at where a step begins
tree={quote(place.tree)}
{AS_ROOT}
as_stack() {{ as_root runuser -u {quote(place.user)} -- env HOME={quote(place.dest)} USER={quote(place.user)} "$@"; }}
there() {{ as_stack bash -c 'cd -- "$1" && shift && "$@"' there "$tree" "$@"; }}
"""


def user(place: Place) -> str:
    """Make the user that DevStack runs as, with git and sudo; one that is there stays as it is."""
    name, dest = quote(place.user), quote(place.dest)
    return f"""{_help(place)}{whole_host.have("git", "sudo")}
as_root mkdir -p {quote(place.dest.rpartition("/")[0] or "/")}
id {name} >/dev/null 2>&1 || as_root useradd -s /bin/bash -d {dest} -m {name}
as_root install -d -m 755 -o {name} {dest}
printf '%s\\n' {quote(f"{place.user} ALL=(ALL) NOPASSWD: ALL")} {quote(f"Defaults:{place.user} !requiretty")} |
    as_root install -m 440 /dev/stdin /etc/sudoers.d/50-devstack-{name}
"""


def clone(place: Place) -> str:
    """Have the branch in the checkout, whatever a clone that broke off has left; what a run has made stays."""
    fetch = whole_host.checkout(place.repo, place.branch, run="as_stack", program="stack.sh")
    return f"{_help(place)}{fetch}"


def put_conf(place: Place, conf: str) -> str:
    """Give the checkout its local.conf, which has passwords in it."""
    return f"""{_help(place)}
as_root install -m 600 -o {quote(place.user)} {quote(conf)} "$tree/local.conf"
"""


def stack(place: Place, *, controller: bool) -> str:
    """Run stack.sh; where one was begun before, whether it came to its end or not, undo that first."""
    force = "FORCE=yes " if place.force else ""
    left = f"""
if ! grep -qs 'devstack-admin:' {CLOUDS_YAML}; then
    echo "stack.sh has ended well, and left no devstack-admin in {CLOUDS_YAML}" >&2
    exit 1
fi
"""
    return f"""{_help(place)}
if [ -e "$tree/.begun" ]; then
    echo 'stack.sh was begun here before: unstack.sh first'
    there ./unstack.sh || echo "unstack.sh ends with $?; going on"
fi
there touch .begun
there env {force}./stack.sh
{left if controller else ""}"""


def unstack(place: Place, *, clean: bool) -> str:
    """End what stack.sh has started, be it half; `clean` takes away what it has made, too."""
    how = "clean.sh" if clean else "unstack.sh"
    return f"""{_help(place)}
[ -e "$tree/.begun" ] || exit 0
there ./{how} || echo "{how} ends with $?; going on"
as_root systemctl stop '{PREFIX}*.service'
as_root rm -f "$tree/.begun" "$tree/local.conf"
"""


def discover(place: Place) -> str:
    """Map the compute nodes to the cell."""
    return f"{_help(place)}there ./tools/discover_hosts.sh"


def fixup(place: Place, script: str) -> str:
    """Run a script of the spec's as root."""
    return f"{_help(place)}as_root bash -eu -o pipefail -c {quote(script)}"


def commit(place: Place) -> str:
    """Print what is checked out."""
    return f"{_help(place)}there git log -1 --format=%h"
