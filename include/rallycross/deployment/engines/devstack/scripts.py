"""The scripts of a DevStack's steps. Each may be begun twice, and by root or by a user with sudo."""

from dataclasses import dataclass
from shlex import quote

from rallycross.deployment import whole_host
from rallycross.deployment.whole_host import AS_ROOT

CLOUDS_YAML = "/etc/openstack/clouds.yaml"
PREFIX = "devstack@"
UNITS = (f"{PREFIX}*.service",)
# What stack.sh installs and starts, and what its services do not answer without; under its names on each distribution.
BESIDE = tuple(
    f"{name}.service"
    for name in (
        *("mariadb", "mysql", "mysqld", "postgresql", "rabbitmq-server", "memcached", "etcd", "apache2", "httpd"),
        *("openvswitch-switch", "openvswitch", "ovsdb-server", "ovs-vswitchd", "ovn-*"),
    )
)


@dataclass(frozen=True)
class Place:
    """Where a DevStack is on its hosts, and from where it comes."""

    cloud: str
    user: str
    dest: str
    repo: str
    branch: str
    force: bool = False
    clones: str = ""  # where stack.sh has its clones, as local.conf has it in DEST; "" = `dest`

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


def _whole_clones(place: Place) -> str:
    """Take away what a `git clone` that died has left: stack.sh would take the folder for a clone, each time anew."""
    return f"""
for git in {quote(place.clones or place.dest)}/*/.git; do
    [ -d "$git" ] && [ "$git" != "$tree/.git" ] || continue
    clone=${{git%/.git}}
    if [ ! -e "$git/index" ] || ! as_stack git -C "$clone" rev-parse -q --verify 'HEAD^{{commit}}' &>/dev/null; then
        echo "$clone is half a clone, and taken away"
        as_root rm -rf "$clone"
    fi
done
"""


def _beside(file: str) -> str:
    """Write down which of the units beside DevStack's own are at work."""
    return f"{_listed('--state=active')} > {quote(file)}\n"


def _listed(which: str) -> str:
    """Return the command that prints the names of units beside DevStack's own."""
    wanted = " ".join(map(quote, BESIDE))
    return f"systemctl list-units {which} --plain --no-legend {wanted} | awk '{{ print $1 }}'"


def stack(place: Place, *, controller: bool, root: str) -> str:
    """Run stack.sh; where one was begun before, whether it came to its end or not, undo that first.

    Units beside DevStack's own that run then are kept in `root`, as well as those that ran before it ever began.
    """
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
elif [ ! -e {quote(f"{root}/units.before")} ]; then
    {_beside(f"{root}/units.before")}fi
{_whole_clones(place)}
there touch .begun
there env {force}./stack.sh
{_beside(f"{root}/units")}{left if controller else ""}"""


def unstack(place: Place, *, clean: bool, root: str) -> str:
    """End what stack.sh has started, be it half, and leave no password; `clean` takes away what it has made, too.

    Units that ran before stack.sh are left as they are. Folders of /etc that belong to DevStack's user it has made.
    """
    how = "clean.sh" if clean else "unstack.sh"
    dest, clones, name = quote(place.dest), quote(place.clones or place.dest), quote(place.user)
    return f"""{_help(place)}
if [ -e "$tree/.begun" ]; then
    there ./{how} || echo "{how} ends with $?; going on"
    as_root systemctl stop '{PREFIX}*.service'
    for unit in $({_listed("--all")}); do
        grep -qsxF "$unit" {quote(f"{root}/units.before")} || as_root systemctl disable -q --now "$unit" || :
    done
fi
as_root rm -rf {CLOUDS_YAML} {dest}/.my.cnf {dest}/.config/openstack {clones}/tempest/etc
as_root find {dest}/logs "$tree" -maxdepth 1 -regex '.*/stack.sh.log.*\\|.*/worlddump-.*' -delete 2>/dev/null || :
if id {name} >/dev/null 2>&1; then
    as_root find /etc -mindepth 1 -maxdepth 1 -type d -user {name} ! -user root -exec rm -rf {{}} +
fi
for file in .begun local.conf .localrc.auto .localrc.password .stackenv accrc userrc_early; do
    as_root rm -rf "$tree/$file"
done
"""


def forget_conf(place: Place) -> str:
    """Take away a local.conf that no stack.sh has come to use."""
    return f"{AS_ROOT}as_root rm -f {quote(f'{place.tree}/local.conf')}\n"


def discover(place: Place) -> str:
    """Map the compute nodes to the cell."""
    return f"{_help(place)}there ./tools/discover_hosts.sh"


def fixup(place: Place, script: str) -> str:
    """Run a script of the spec's as root."""
    return f"{_help(place)}as_root bash -eu -o pipefail -c {quote(script)}"


def commit(place: Place) -> str:
    """Print what is checked out."""
    return f"{_help(place)}there git log -1 --format=%h"
