"""What deployers have in common that take over a host as a whole: whose it is, and how things get there.

All are parts of scripts, which may be begun twice, and by root or by a user with sudo.
"""

from collections.abc import Sequence
from shlex import quote

AS_ROOT = 'as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -E "$@"; fi; }\n'
CLAIM = "/var/lib/rallycross/host"  # whose cloud a host has; it has room for one
# A link is there whole or not at all, and the second is refused: neither a full disk nor a kill leaves an empty claim.
_TAKE = """
[ ! -e "$1" ] || exit 0
trap "rm -f $1.$$" EXIT
echo "$2" > "$1.$$"
ln "$1.$$" "$1" || [ -e "$1" ]
"""


def claim(owner: str, *, foreign: str = "") -> str:
    """Take the host for `owner`, such as "DevStack's cloud lab", or fail.

    `foreign`: a path that, without a claim, is there by somebody else's deployment; "" = there is none to look for.
    """
    said = quote(f"{foreign} is there, so something else has deployed to this host - use another, or take it away")
    traced = f"as_root test -e {CLAIM} || [ ! -e {foreign} ] || {{ echo {said} >&2; exit 1; }}\n" if foreign else ""
    return f"""{AS_ROOT}
{traced}as_root mkdir -p {CLAIM.rpartition("/")[0]}
as_root bash -eu -c '{_TAKE}' claim {CLAIM} {quote(owner)}
owner=$(as_root cat {CLAIM})
if [ "$owner" != {quote(owner)} ]; then
    echo "this host has $owner already, and room for one - destroy that one first" >&2
    exit 1
fi
"""


def claimed(owner: str) -> str:
    """Return the condition that the host is that owner's; needs `AS_ROOT`."""
    return f'[ "$(as_root cat {CLAIM} 2>/dev/null)" = {quote(owner)} ]'


def unclaim(owner: str, *, before: str = "") -> str:
    """Give the host free, if it is that owner's, after the script `before`."""
    return f"{AS_ROOT}{claimed(owner)} || exit 0\n{before}as_root rm -f {CLAIM}\n"


def have(*programs: str) -> str:
    """Install, where one of the programs is missing, the packages of these names, of Debian's kind or Red Hat's."""
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
    """Have a branch, tag or commit in the folder `$tree`, whatever a clone that broke off has left.

    `run` is the command under which git runs. What has no `program` is not what was wanted.
    """
    missing = quote(f"{repo} has no {program} at {ref}")
    # A git that was killed leaves its locks; there is no other at work, since the cloud's own lock is held.
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
    """Print a `name password` a line, each made at the first call."""
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
