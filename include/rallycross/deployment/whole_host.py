"""Script parts for deployers that take over a whole host: claim it for one cloud, install packages, fetch code.

Each may run again after it was interrupted, as root or as a user with sudo.
"""

from collections.abc import Sequence
from shlex import quote

AS_ROOT = 'as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -E "$@"; fi; }\n'
CLAIM = "/var/lib/rallycross/host"  # names the one cloud that the host belongs to
# `ln` is atomic and refuses a second link: neither a full disk nor a kill can leave an empty claim.
_TAKE = """
[ ! -e "$1" ] || exit 0
trap "rm -f $1.$$" EXIT
echo "$2" > "$1.$$"
ln "$1.$$" "$1" || [ -e "$1" ]
"""


def claim(owner: str, *, foreign: str = "") -> str:
    """Return the script that claims the host for `owner`, such as "DevStack's cloud lab", or fails.

    `foreign`: a path whose existence, without a claim, shows another deployment; "" = none to look for.
    """
    said = quote(f"{foreign} exists, so something else has deployed to this host - use another host, or remove it")
    traced = f"as_root test -e {CLAIM} || [ ! -e {foreign} ] || {{ echo {said} >&2; exit 1; }}\n" if foreign else ""
    return f"""{AS_ROOT}
{traced}as_root mkdir -p {CLAIM.rpartition("/")[0]}
as_root bash -eu -c '{_TAKE}' claim {CLAIM} {quote(owner)}
owner=$(as_root cat {CLAIM})
if [ "$owner" != {quote(owner)} ]; then
    echo "this host already has $owner, and can have only one - destroy that cloud first" >&2
    exit 1
fi
"""


def claimed(owner: str) -> str:
    """Return the shell condition that the host belongs to `owner`; needs `AS_ROOT`."""
    return f'[ "$(as_root cat {CLAIM} 2>/dev/null)" = {quote(owner)} ]'


def unclaim(owner: str, *, before: str = "") -> str:
    """Return the script that runs `before` and releases the host, if it belongs to `owner`."""
    return f"{AS_ROOT}{claimed(owner)} || exit 0\n{before}as_root rm -f {CLAIM}\n"


def have(*programs: str) -> str:
    """Return the script that installs the packages (deb or rpm) of these names, if a program is missing."""
    names = " ".join(programs)
    missing = " || ".join(f"! command -v {program} >/dev/null" for program in programs)
    return f"""
if {missing}; then
    if command -v apt-get >/dev/null; then
        as_root apt-get -qq update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends {names} >/dev/null
    else
        as_root "$(command -v dnf || echo yum)" -y -q install {names}
    fi
fi
"""


def checkout(repo: str, ref: str, *, run: str = "", program: str) -> str:
    """Return the script that checks out a branch, tag or commit in the folder `$tree`, after an aborted clone too.

    `run` is the command that git runs under. The script fails if the checkout does not have `program`.
    """
    missing = quote(f"{repo} has no {program} at {ref}")
    # A killed git leaves its locks. No other git is running: the cloud's own lock is held.
    return f"""
{run} mkdir -p "$tree/.git"
{run} find "$tree/.git" -name '*.lock' -delete
{run} git init -q "$tree"
{run} git -C "$tree" fetch -q --depth 1 {quote(repo)} {quote(ref)}
{run} git -C "$tree" checkout -q -f FETCH_HEAD
{run} git -C "$tree" log -1 --format='%H %s'
{run} test -x "$tree/{program}" || {{ echo {missing} >&2; exit 1; }}
"""


def passwords(path: str, names: Sequence[str]) -> str:
    """Return the script that prints `name password` lines; each password is made at the first call and kept."""
    kept, part = quote(path), quote(f"{path}.part")
    return f"""
umask 077
mkdir -p {quote(path.rpartition("/")[0])}
cat {kept} 2>/dev/null > {part} || :
for name in {" ".join(names)}; do
    grep -q "^$name " {part} || echo "$name $(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n')" >> {part}
done
mv {part} {kept}
cat {kept}
"""
