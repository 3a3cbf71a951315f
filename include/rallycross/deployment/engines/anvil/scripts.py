"""The scripts of the steps that drive Anvil's `smithy`. Each may be begun twice, by root or by a user with sudo."""

from dataclasses import dataclass
from shlex import quote

from rallycross.deployment import whole_host
from rallycross.deployment.whole_host import AS_ROOT, claimed

RC = "/etc/anvil/install.rc"
_NOT_UP = "is .?(stopped|unknown).?.?$"  # smithy quotes words by colour, or else by signs


@dataclass(frozen=True)
class Smithy:
    """Where Anvil is on its host, from where it comes, and how it is asked.

    All is said at each call: smithy keeps what it was asked last in /etc/anvil/settings.yaml, whoever asked.
    """

    cloud: str
    root: str  # the cloud's folder on the host
    repo: str
    branch: str
    persona: str  # path
    origins: str  # path
    patches: dict[str, str]  # "origins_patch" or "distros_patch" -> path
    jobs: int | None = None
    force: bool = False

    @property
    def tree(self) -> str:
        """The checkout."""
        return f"{self.root}/anvil"

    @property
    def owner(self) -> str:
        """Whose its host is."""
        return f"Anvil's cloud {self.cloud}"

    def ask(self, action: str) -> str:
        """Return the command for one action."""
        words = [
            f"-a {action} -p {self.persona} -o {self.origins} -d {self.root}/openstack -k {self.root}/passwords.cfg",
            "--no-prompt-passwords",  # it would wait for an answer
            *(f"--{name.replace('_', '-')} {path}" for name, path in self.patches.items()),
            *([f"-j {self.jobs}"] if self.jobs else []),
        ]
        return f"smithy {' '.join(words)}"


def _help(smithy: Smithy) -> str:
    """`smithy` runs in its checkout, since it looks for its parts there.

    What it says loses its colours, and the passwords that it says it has written.
    """
    return f"""
cd /
tree={quote(smithy.tree)}
{AS_ROOT}smithy() {{
    as_root bash -c 'cd -- "$1" && shift && ./smithy "$@"' smithy "$tree" "$@" 2>&1 |
        sed -u -E -e 's/\\x1b\\[[0-9;]*m//g' -e 's/(export [A-Z_]*(PASSWORD|TOKEN)=).*/\\1***/'
}}
"""


def clone(smithy: Smithy) -> str:
    """Have the branch, tag or commit in the checkout, whatever a clone that broke off has left."""
    fetch = whole_host.checkout(smithy.repo, smithy.branch, program="smithy")
    return f"{_help(smithy)}{whole_host.have('git')}{fetch}"


def remove(smithy: Smithy) -> str:
    """Delete what is root's, whoever signs in, below the cloud's folder."""
    return f'{_help(smithy)}as_root rm -rf "$tree" {smithy.root}/openstack {smithy.root}/passwords.cfg\n'


def bootstrap(smithy: Smithy) -> str:
    """Install what smithy itself needs."""
    return f"{_help(smithy)}smithy --bootstrap{' --force' if smithy.force else ''}\n"


def act(smithy: Smithy, action: str) -> str:
    """Do one action; what its phases have done before is not done again."""
    return f"{_help(smithy)}{smithy.ask(action)}\n"


def install(smithy: Smithy) -> str:
    """Install what was built; the credentials that are there afterwards are this cloud's, and no other's."""
    return f"""{_help(smithy)}
as_root rm -f {RC}
{smithy.ask("install")}
as_root grep -qs OS_AUTH_URL {RC} || {{
    echo "smithy has ended well, and left no OS_AUTH_URL in {RC} - has the persona keystone?" >&2; exit 1; }}
as_root chmod 600 {RC}
"""


def uninstall(smithy: Smithy) -> str:
    """Take away what was installed, be it half."""
    return f"""{_help(smithy)}
[ -x "$tree/smithy" ] && [ -f {smithy.persona} ] || exit 0
for action in uninstall purge; do
    {smithy.ask("$action")} || echo "smithy -a $action ends with $?; going on"
done
as_root rm -f {RC}
"""


def start(smithy: Smithy, services: list[str]) -> str:
    """Start what does not run, and see it run: smithy ends well where a program has not started.

    It skips what its phases have as started, as after a restart of the host, until it has stopped it once. Of
    `services`, components that Anvil has left out without a word are found out here.
    """
    names = " ".join(services)
    return f"""{_help(smithy)}
states() {{ {smithy.ask("status")}; }}
{smithy.ask("start")}
said=$(states)
if grep -qE '{_NOT_UP}' <<< "$said"; then
    echo 'not all runs: stop, and start again'
    {smithy.ask("stop")}
    {smithy.ask("start")}
    said=$(states)
fi
echo "$said"
if grep -E '{_NOT_UP}' <<< "$said" >&2; then echo 'this does not stay up' >&2; exit 1; fi
for name in {names}; do
    grep -qE "Status of .?$name.? " <<< "$said" ||
        {{ echo "Anvil has left out $name - has it an origin?" >&2; exit 1; }}
done
"""


def stop(smithy: Smithy) -> str:
    """End the services, where there are any."""
    return f"""{_help(smithy)}
[ -x "$tree/smithy" ] && [ -f {smithy.persona} ] || exit 0
{smithy.ask("stop")} || echo "smithy -a stop ends with $?; going on"
"""


def states(smithy: Smithy) -> str:
    """Print what smithy says of each component; nothing where there is none yet."""
    return f"""{_help(smithy)}
[ -d {smithy.root}/openstack/phases ] || exit 0
{smithy.ask("status")}
"""


def credentials(smithy: Smithy) -> str:
    """Print the exports of the installation; nothing where there is none yet, or one of another cloud's."""
    return f"""{_help(smithy)}
{claimed(smithy.owner)} && [ -d {smithy.root}/openstack/phases ] || exit 0
as_root cat {RC} 2>/dev/null || :
"""


def log(smithy: Smithy, component: str, program: str, lines: int) -> str:
    """Print the last lines of the logs of a program of a component's."""
    files = f"/var/log/{component}/*{program}*.log"
    return (
        f"{_help(smithy)}as_root bash -c 'shopt -s nullglob; for file in {files}; do tail -n {lines} \"$file\"; done'"
    )


def commit(smithy: Smithy) -> str:
    """Print what is checked out."""
    return f'{_help(smithy)}git -C "$tree" log -1 --format=%h'
