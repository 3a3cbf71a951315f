"""The scripts of DevStack's steps. Each may run again, as root or as a user with sudo."""

from dataclasses import dataclass
from shlex import quote

from rallycross.deployment import whole_host
from rallycross.deployment.whole_host import AS_ROOT

CLOUDS_YAML = "/etc/openstack/clouds.yaml"
PREFIX = "devstack@"
UNITS = (f"{PREFIX}*.service",)
# Units that stack.sh installs and starts, and that its services need, under their names on each distribution.
BESIDE = tuple(
    f"{name}.service"
    for name in (
        *("mariadb", "mysql", "mysqld", "postgresql", "rabbitmq-server", "memcached", "etcd", "apache2", "httpd"),
        *("openvswitch-switch", "openvswitch", "ovsdb-server", "ovs-vswitchd", "ovn-*"),
    )
)


@dataclass(frozen=True)
class Installation:
    """Where DevStack is on its hosts, and where it comes from."""

    cloud: str
    user: str
    dest: str
    repo: str
    branch: str
    force: bool = False
    clones: str = ""  # the folder of stack.sh's clones, DEST in local.conf; "" = `dest`

    @property
    def tree(self) -> str:
        """The folder of the checkout."""
        return f"{self.dest}/devstack"

    @property
    def owner(self) -> str:
        """The owner in the hosts' claims."""
        return f"DevStack's cloud {self.cloud}"


def _help(place: Installation) -> str:
    """Return the functions `as_root`, `as_stack` and `there` (in the checkout), which run a command."""
    return f"""
cd /  # the user of DevStack cannot look at where a step begins
tree={quote(place.tree)}
{AS_ROOT}
as_stack() {{ as_root runuser -u {quote(place.user)} -- env HOME={quote(place.dest)} USER={quote(place.user)} "$@"; }}
there() {{ as_stack bash -c 'cd -- "$1" && shift && "$@"' there "$tree" "$@"; }}
"""


def user(place: Installation) -> str:
    """Return the script that creates the user that DevStack runs as, unless it exists, and installs git and sudo."""
    name, dest = quote(place.user), quote(place.dest)
    return f"""{_help(place)}{whole_host.have("git", "sudo")}
as_root mkdir -p {quote(place.dest.rpartition("/")[0] or "/")}
id {name} >/dev/null 2>&1 || as_root useradd -s /bin/bash -d {dest} -m {name}
as_root install -d -m 755 -o {name} {dest}
printf '%s\\n' {quote(f"{place.user} ALL=(ALL) NOPASSWD: ALL")} {quote(f"Defaults:{place.user} !requiretty")} |
    as_root install -m 440 /dev/stdin /etc/sudoers.d/50-devstack-{name}
"""


def clone(place: Installation) -> str:
    """Return the script that checks out the branch, after an aborted clone too; other files in the folder stay."""
    fetch = whole_host.checkout(place.repo, place.branch, run="as_stack", program="stack.sh")
    return f"{_help(place)}{fetch}"


def put_conf(place: Installation, conf: str) -> str:
    """Return the script that installs local.conf, which contains passwords, in the checkout."""
    return f"""{_help(place)}
as_root install -m 600 -o {quote(place.user)} {quote(conf)} "$tree/local.conf"
"""


def _whole_clones(place: Installation) -> str:
    """Return the script that deletes incomplete clones, which stack.sh would take for complete ones."""
    return f"""
for git in {quote(place.clones or place.dest)}/*/.git; do
    [ -d "$git" ] && [ "$git" != "$tree/.git" ] || continue
    clone=${{git%/.git}}
    if [ ! -e "$git/index" ] || ! as_stack git -C "$clone" rev-parse -q --verify 'HEAD^{{commit}}' &>/dev/null; then
        echo "$clone is an incomplete clone: deleting it"
        as_root rm -rf "$clone"
    fi
done
"""


def _beside(file: str) -> str:
    """Return the script that writes the names of the active units of `BESIDE` to a file."""
    return f"{_listed('--state=active')} > {quote(file)}\n"


def _listed(which: str) -> str:
    """Return the command that prints the names of units of `BESIDE`."""
    wanted = " ".join(map(quote, BESIDE))
    return f"systemctl list-units {which} --plain --no-legend {wanted} | awk '{{ print $1 }}'"


def stack(place: Installation, *, controller: bool, root: str) -> str:
    """Return the script that runs stack.sh, after unstack.sh if stack.sh was begun before.

    The units of `BESIDE` that run afterwards are recorded in `root`, and so are those that ran before the first time.
    """
    force = "FORCE=yes " if place.force else ""
    left = f"""
if ! grep -qs 'devstack-admin:' {CLOUDS_YAML}; then
    echo "stack.sh has succeeded, but {CLOUDS_YAML} has no devstack-admin" >&2
    exit 1
fi
"""
    return f"""{_help(place)}
if [ -e "$tree/.begun" ]; then
    echo 'stack.sh was begun here before: running unstack.sh first'
    there ./unstack.sh || echo "unstack.sh ended with $?; continuing"
elif [ ! -e {quote(f"{root}/units.before")} ]; then
    {_beside(f"{root}/units.before")}fi
{_whole_clones(place)}
there touch .begun
there env {force}./stack.sh
{_beside(f"{root}/units")}{left if controller else ""}"""


def unstack(place: Installation, *, clean: bool, root: str) -> str:
    """Return the script that stops what stack.sh has started, and deletes all passwords; `clean` runs clean.sh.

    Units that ran before stack.sh are not stopped. Folders in /etc that belong to DevStack's user are deleted.
    """
    how = "clean.sh" if clean else "unstack.sh"
    dest, clones, name = quote(place.dest), quote(place.clones or place.dest), quote(place.user)
    return f"""{_help(place)}
if [ -e "$tree/.begun" ]; then
    there ./{how} || echo "{how} ended with $?; continuing"
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


def forget_conf(place: Installation) -> str:
    """Return the script that deletes local.conf, in case stack.sh never ran."""
    return f"{AS_ROOT}as_root rm -f {quote(f'{place.tree}/local.conf')}\n"


def discover(place: Installation) -> str:
    """Return the script that maps the compute nodes to the cell."""
    return f"{_help(place)}there ./tools/discover_hosts.sh"


def fixup(place: Installation, script: str) -> str:
    """Return the script that runs a script of the spec as root."""
    return f"{_help(place)}as_root bash -eu -o pipefail -c {quote(script)}"


def commit(place: Installation) -> str:
    """Return the script that prints the commit of the checkout."""
    return f"{_help(place)}there git log -1 --format=%h"
