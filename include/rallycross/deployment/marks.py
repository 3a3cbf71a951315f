"""What a host remembers of the steps that were carried out on it.

Under a cloud's root:

steps/NAME            fingerprint of the step as it was last done
steps/NAME.running    process group of the step while it runs, and when the group's leader began (clock ticks)
"""

import hashlib
import json
from collections.abc import Iterable
from shlex import quote

from rallycross.deployment.host import Host
from rallycross.deployment.step import Step

_LIMIT = 60  # seconds

# A process id alone could mean another process by now.
_TAKE_OVER = """
for file in *.running; do
    [ -f "$file" ] || continue
    read -r group began < "$file" || :
    if [ -n "$began" ] && [ "$began" = "$(cut -d' ' -f22 "/proc/$group/stat" 2>/dev/null)" ]; then
        kill -KILL -- "-$group" || :
    fi
    rm -f -- "$file"
done
for file in *; do
    [ ! -f "$file" ] || printf '%s %s\\n' "$(<"$file")" "$file"
done
"""


def fingerprint(step: Step) -> str:
    """Return what tells a step's content from any other's."""
    return hashlib.sha256(json.dumps([step.script, step.files], sort_keys=True).encode()).hexdigest()


def take_over(host: Host, root: str) -> dict[str, str]:
    """End the steps that still run, and return the fingerprints of those that were done, by name."""
    ran = host.run(f"cd -- {quote(_folder(root))} 2>/dev/null || exit 0\n{_TAKE_OVER}", limit=_LIMIT)
    pairs = (line.split(" ", 1) for line in ran.out.splitlines())
    return {name: kept for kept, name in pairs}


def drop(host: Host, root: str, names: Iterable[str]) -> None:
    """Forget that the steps `names` were done."""
    files = " ".join(quote(f"{_folder(root)}/{name}") for name in sorted(names))
    host.run(f"rm -f -- {files}", limit=_LIMIT)


def marking(step: Step, root: str) -> str:
    """Return the step's script with what keeps its marks around it.

    It runs in a subshell, so that its `exit 0` ends it without passing over the mark that it is done.
    """
    mark = f"{_folder(root)}/{step.name}"
    running, part = quote(f"{mark}.running"), quote(f"{_folder(root)}/.{step.name}")
    done = "" if step.always else f"printf %s {fingerprint(step)} > {part}\nmv -f -- {part} {quote(mark)}\n"
    return (
        f"mkdir -p -- {quote(_folder(root))}\n"
        "read -r _ _ _ _ group _ < /proc/self/stat\n"
        f"printf '%s %s\\n' \"$group\" \"$(cut -d' ' -f22 /proc/$group/stat)\" > {running}\n"
        f"trap 'rm -f -- '{quote(running)} EXIT\n"
        f"(\n{step.script}\n)\n{done}"
    )


def _folder(root: str) -> str:
    return f"{root}/steps"
