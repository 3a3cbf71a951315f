"""The scripts of the steps that run Anvil's `smithy`. Each may run again, as root or as a user with sudo."""

from dataclasses import dataclass
from shlex import quote

from rallycross.deployment import whole_host
from rallycross.deployment.whole_host import AS_ROOT, claimed

RC = "/etc/anvil/install.rc"
_NOT_UP = "is .?(stopped|unknown).?.?$"  # smithy marks words by colour or by quotes


@dataclass(frozen=True)
class Smithy:
    """Where Anvil is on its host, where it comes from, and with which options it runs.

    Each call has all options: smithy takes missing ones from its last call, stored in /etc/anvil/settings.yaml.
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
        """The folder of the checkout."""
        return f"{self.root}/anvil"

    @property
    def owner(self) -> str:
        """The owner in the host's claim."""
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
    """Return the function `smithy`, which runs it in its checkout, where it looks for its files.

    Colours and passwords are removed from its output.
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
    """Return the script that checks out the branch, tag or commit, after an aborted clone too."""
    fetch = whole_host.checkout(smithy.repo, smithy.branch, program="smithy")
    return f"{_help(smithy)}{whole_host.have('git')}{fetch}"


def remove(smithy: Smithy) -> str:
    """Return the script that deletes files of root below the cloud's folder."""
    return f'{_help(smithy)}as_root rm -rf "$tree" {smithy.root}/openstack {smithy.root}/passwords.cfg\n'


def bootstrap(smithy: Smithy) -> str:
    """Return the script that installs what smithy itself needs."""
    return f"{_help(smithy)}smithy --bootstrap{' --force' if smithy.force else ''}\n"


def act(smithy: Smithy, action: str) -> str:
    """Return the script that runs one action; smithy skips phases that are done."""
    return f"{_help(smithy)}{smithy.ask(action)}\n"


def install(smithy: Smithy) -> str:
    """Return the script that installs what was built. It deletes old credentials, so that new ones are this cloud's."""
    return f"""{_help(smithy)}
as_root rm -f {RC}
{smithy.ask("install")}
as_root grep -qs OS_AUTH_URL {RC} || {{
    echo "smithy has succeeded, but {RC} has no OS_AUTH_URL - add keystone to the persona" >&2; exit 1; }}
as_root chmod 600 {RC}
"""


def uninstall(smithy: Smithy) -> str:
    """Return the script that uninstalls everything, after a partial installation too."""
    return f"""{_help(smithy)}
[ -x "$tree/smithy" ] && [ -f {smithy.persona} ] || exit 0
for action in uninstall purge; do
    {smithy.ask("$action")} || echo "smithy -a $action ended with $?; continuing"
done
as_root rm -f {RC}
"""


def start(smithy: Smithy, services: list[str]) -> str:
    """Return the script that starts the programs, and checks that they run: smithy succeeds even if one does not.

    After a reboot smithy takes programs for started, so they are stopped first if they do not run. The script also
    fails if Anvil has silently left out one of `services`.
    """
    names = " ".join(services)
    return f"""{_help(smithy)}
states() {{ {smithy.ask("status")}; }}
{smithy.ask("start")}
said=$(states)
if grep -qE '{_NOT_UP}' <<< "$said"; then
    echo 'not everything runs: stopping, then starting again'
    {smithy.ask("stop")}
    {smithy.ask("start")}
    said=$(states)
fi
echo "$said"
if grep -E '{_NOT_UP}' <<< "$said" >&2; then echo 'this does not stay up' >&2; exit 1; fi
for name in {names}; do
    grep -qE "Status of .?$name.? " <<< "$said" ||
        {{ echo "Anvil has left out $name - check that it has an origin" >&2; exit 1; }}
done
"""


def stop(smithy: Smithy) -> str:
    """Return the script that stops the services, if there are any."""
    return f"""{_help(smithy)}
[ -x "$tree/smithy" ] && [ -f {smithy.persona} ] || exit 0
{smithy.ask("stop")} || echo "smithy -a stop ended with $?; continuing"
"""


def states(smithy: Smithy) -> str:
    """Return the script that prints smithy's status of each component; nothing before an installation."""
    return f"""{_help(smithy)}
[ -d {smithy.root}/openstack/phases ] || exit 0
{smithy.ask("status")}
"""


def credentials(smithy: Smithy) -> str:
    """Return the script that prints this cloud's credentials; nothing before its installation."""
    return f"""{_help(smithy)}
{claimed(smithy.owner)} && [ -d {smithy.root}/openstack/phases ] || exit 0
as_root cat {RC} 2>/dev/null || :
"""


def log(smithy: Smithy, component: str, program: str, lines: int) -> str:
    """Return the script that prints the last lines of the logs of a component's program."""
    files = f"/var/log/{component}/*{program}*.log"
    return (
        f"{_help(smithy)}as_root bash -c 'shopt -s nullglob; for file in {files}; do tail -n {lines} \"$file\"; done'"
    )


def commit(smithy: Smithy) -> str:
    """Return the script that prints the commit of the checkout."""
    return f'{_help(smithy)}git -C "$tree" log -1 --format=%h'
