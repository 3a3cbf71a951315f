"""Steps on their host: each runs detached from the caller, and leaves its log and its result in files.

Under a cloud's root on the host:

steps/NAME            fingerprint of the step as it was last done
steps/NAME.run        the script that runs
steps/NAME.log        its output, stdout and stderr
steps/NAME.running    its session, when the session's leader began (clock ticks), and its fingerprint
steps/NAME.end        exit code, seconds, fingerprint, and the command that failed
steps/.owner          the lock: a line for each holder, with its owner, its own id, and the time at which its lease
                      expires (seconds since the host's boot)

So a step survives a dropped connection, a killed worker and a restarted scheduler: the next caller finds it running,
or finds its result. Only a step that was killed with its host, or by `kill`, leaves neither.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from shlex import quote
from uuid import uuid4

from rallycross.deployment.command import framed
from rallycross.deployment.host import CommandFailed, Host, Ran
from rallycross.deployment.limits import Limit, describe, host_limit
from rallycross.deployment.step import Step
from rallycross.errors import RallycrossError
from rallycross.settings import settings

LEASE = 15  # seconds after which the lock expires; each look renews it
_MOST = 1 << 18  # bytes of a log that one look reads
_LOCKED = 75  # EX_TEMPFAIL: another owner has the lock
_MARK = "\x1e"  # separates the answer from the log; no log line begins with it

# `began PID` prints when a process began: a process id may have been reused.
_HELP = """
began() { local stat; stat=$(<"/proc/$1/stat") 2>/dev/null || return 0; set -- ${stat##*) }; echo "${20}"; }
runs() {  # sets session and print of the step $1 while it runs
    [ -f "$1.running" ] || return 1
    local at; read -r session at print < "$1.running" || :
    [ -n "$at" ] && [ "$at" = "$(began "$session" 2>/dev/null)" ]
}
now() { local up; read -r up _ < /proc/uptime; echo "${up%.*}"; }
"""

# `end SESSION SPARED` kills all processes of a session but one; those that run as root it kills by sudo.
_END = """
end() {
    local stat line pid
    for stat in /proc/[0-9]*/stat; do
        # Not by $(<FILE): where the process has ended meanwhile, that would end the shell.
        line=; { read -r -d "" line < "$stat" || [ -n "$line" ]; } 2>/dev/null || continue
        pid=${stat#/proc/} pid=${pid%/stat}
        set -- "$1" "$2" ${line##*) }
        [ "$6" = "$1" ] && [ "$pid" != "$2" ] || continue
        kill -KILL "$pid" 2>/dev/null || sudo -n kill -KILL "$pid" 2>/dev/null || :
    done
}
"""

# `held`: the lines of other holders with the same owner. An expired line is of a dead holder, or of another boot.
_HOLD = """
exec 9> .lock
flock 9
at=$(now) held=
[ ! -f .owner ] || while read -r owner holder until; do
    [ "${until:-0}" -gt "$at" ] && [ "$until" -le "$((at + lease))" ] || continue
    [ "$owner" = "$me" ] || { echo "$owner"; exit 75; }
    [ "$holder" = "$mine" ] || held+="$owner $holder $until"$'\\n'
done < .owner
"""
_KEEP = """
printf '%s%s %s %s\\n' "$held" "$me" "$mine" "$((at + lease))" > .owner.part && mv -f .owner.part .owner
"""

# The runner has its own session. `timeout` enforces the limit on the host, even if the caller has died. It cannot kill
# root's processes if we are not root, so `end` does. `$SECONDS` tells a kill at the limit from another kill.
_RUNNER = f"""#!/bin/bash
{_END}"""
_RUNNER += """
cd -- "$1" || exit
name=$2 limit=$3 print=$4
read -r stat < /proc/self/stat; set -- ${stat##*) }
printf '%s %s %s\\n' "$$" "${20}" "$print" > "$name.running.part" && mv -f "$name.running.part" "$name.running"
code=0
timeout -s KILL "$limit" bash --norc -eEu -o pipefail "$name.run" || code=$?
seconds=$SECONDS
[ "$code" != 137 ] || end "$$" "$$"
{ printf '%s %s %s\\n' "$code" "$seconds" "$print"; head -c 300 "$name.command"; } > "$name.end.part" 2>/dev/null
mv -f "$name.end.part" "$name.end"
rm -f "$name.running" "$name.command"
"""

# A failing command is reported by its text, before variables are expanded. For a function that runs its arguments,
# such as `as_root`, that text says nothing, so the line that calls it is reported.
_FAILED = """
rallycross_failed() {
    local text=$1 line; shift
    [ ! -s "$rallycross_step.command" ] || return 0
    for line in "$@"; do
        case $text in *\'"$@"\'*) ;; *) break ;; esac
        [ "$line" -gt 0 ] && text=$(sed -n "${line}p" "$rallycross_step.run") || break
    done
    printf %s "$text" > "$rallycross_step.command"
}
trap 'rallycross_failed "$BASH_COMMAND" "${BASH_LINENO[@]}"' ERR
"""
_WRAPPERS = re.compile(r"^(?:(?:as_root|as_stack|there|env|[A-Za-z_]+=\S*)\s+)+")


class Locked(RallycrossError):  # noqa: N818
    """Another deployment has the lock on a host."""


@dataclass(frozen=True)
class Holder:
    """One holder of a lock. Holders with the same owner share it, until the last has released it or died."""

    owner: str
    id: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True)
class StepState:
    """The state of a step at one moment."""

    state: str  # "running", "ended", or "lost": it does not run, and left no result
    print: str  # fingerprint of the step that runs or has ended
    code: int
    seconds: int
    command: str  # the command that failed, as written in the script
    log: str  # its output since the last look


def fingerprint(step: Step) -> str:
    """Return a hash of a step's content."""
    return hashlib.sha256(json.dumps([step.script, step.files], sort_keys=True).encode()).hexdigest()


def done(host: Host, root: str) -> dict[str, str]:
    """Return the fingerprints of the steps that are done, by name."""
    script = 'for file in *; do case $file in *.*) ;; *) printf \'%s %s\\n\' "$(<"$file")" "$file" ;; esac; done'
    ran = host.run(f"cd -- {quote(_folder(root))} 2>/dev/null || exit 0\nshopt -s nullglob\n{script}")
    pairs = (line.split(" ", 1) for line in ran.out.splitlines())
    return {name: kept for kept, name in pairs}


def drop(host: Host, root: str, names: Iterable[str]) -> None:
    """Delete the marks that the steps `names` are done."""
    files = " ".join(quote(f"{_folder(root)}/{name}") for name in sorted(names))
    host.run(f"rm -f -- {files}")


def hold(host: Host, root: str, holder: Holder) -> None:
    """Take or renew the lock of a cloud on a host; raise `Locked` while another owner has it."""
    folder = quote(_folder(root))
    script = f"mkdir -p -m 700 -- {quote(root)} {folder}\ncd -- {folder}\n{_HELP}{_me(holder)}{_HOLD}{_KEEP}"
    _locked(host, host.run(script, check=False))


def release(host: Host, root: str, holder: Holder) -> None:
    """Release our hold of the lock. The last holder also deletes the folder if it is empty."""
    script = (
        f"cd -- {quote(_folder(root))} 2>/dev/null && [ -f .owner ] || exit 0\n{_HELP}{_me(holder)}{_HOLD}"
        'if [ -n "$held" ]; then printf %s "$held" > .owner.part && mv -f .owner.part .owner; exit 0; fi\n'
        "rm -f .owner\n"
        '[ "$(ls -A)" = .lock ] || exit 0\nrm -f .lock\ncd /\n'
        f"rmdir -- {quote(_folder(root))} {quote(root)} 2>/dev/null || :"
    )
    host.run(script, check=False)


def start(host: Host, root: str, step: Step) -> None:
    """Start a step, unless it runs already, or another caller has just recorded it as done with this content.

    The caller must first wait for a running step with other content.
    """
    folder, name, begin = quote(_folder(root)), quote(step.name), host_limit()
    new = f"{step.name}.{uuid4().hex[:8]}.new"  # another caller may start the same step at this moment
    body = f"rallycross_step={quote(f'{_folder(root)}/{step.name}')}\n{_FAILED}{framed(step.script)}"
    host.put(f"{_folder(root)}/{new}", body, mode=0o600)
    host.put(f"{_folder(root)}/.runner", _RUNNER, mode=0o700)
    host.run(
        f"cd -- {folder}\n{_HELP}exec 9> .lock\nflock 9\nif runs {name} || "
        f'[ -f {name} -a "$(cat -- {name} 2>/dev/null)" = {fingerprint(step)} ]; then\n'
        f"    rm -f -- {quote(new)}; exit 0\nfi\n"
        f"rm -f -- {name} {name}.end {name}.running {name}.command\nmv -f -- {quote(new)} {name}.run\n"
        f"setsid -f bash --norc ./.runner {folder} {name} {step.limit:g} {fingerprint(step)} "
        f"</dev/null >{name}.log 2>&1 9>&-\n"
        # Wait until it has recorded that it runs: before that it looks like a lost step.
        f"for wait in $(seq {round(begin * 20)}); do\n"
        f"    [ ! -e {name}.running ] && [ ! -e {name}.end ] || exit 0; sleep 0.05\ndone\n"
        f"echo 'the step did not begin within {describe(begin)}'; cat {name}.log; exit 1",
        limit=Limit(2 * begin, begin.by),
    )


def look(host: Host, root: str, name: str, *, holder: Holder, offset: int = 0) -> StepState:
    """Return the state of a step, with its log from byte `offset` on; renew the lock."""
    quoted = quote(name)
    ran = host.run(
        f"cd -- {quote(_folder(root))}\n{_HELP}{_me(holder)}{_HOLD}{_KEEP}exec 9>&-\n"
        f'if runs {quoted}; then echo "running $print 0 0"\n'
        # The runner writes this file before it removes `.running`, so one of the two always exists.
        f'elif [ -f {quoted}.end ]; then {{ read -r code seconds print; echo "ended $print $code $seconds"; cat; }}'
        f" < {quoted}.end\n"
        # Another caller that follows the step may have settled it already, and kept only the mark that it is done.
        f'elif [ -f {quoted} ]; then echo "ended $(<{quoted}) 0 0"\nelse echo "lost - 0 0"; fi\n'
        f"printf '\\n%s' {quote(_MARK)}\n"
        f"[ ! -f {quoted}.log ] || tail -c +{offset + 1} -- {quoted}.log | head -c {_MOST} || :",
        limit=Limit(settings().ssh_limit, "RALLYCROSS_SSH_LIMIT"),
        check=False,
    )
    _locked(host, ran)
    answer, _, log = ran.out.partition(f"\n{_MARK}")
    first, _, command = answer.partition("\n")
    state, print_, code, seconds = first.split()
    return StepState(state, print_, int(code), int(seconds), _WRAPPERS.sub("", command.strip()), log)


def settle(host: Host, root: str, step: Step) -> None:
    """Record that a step is done, and delete its files that may hold a secret."""
    folder, name, part = quote(_folder(root)), quote(step.name), quote(f"./{step.name}.part")
    note = "" if step.always else f"printf %s {fingerprint(step)} > {part}\nmv -f {part} {name}\n"
    host.run(f"cd -- {folder}\n{note}rm -f -- {name}.run {name}.end")


def kill(host: Host, root: str, names: Iterable[str] | None = None) -> list[str]:
    """Kill the running steps among `names` (None: all), with all processes of their sessions; return their names."""
    chosen = "*.running" if names is None else " ".join(f"{quote(name)}.running" for name in names)
    ran = host.run(
        f"cd -- {quote(_folder(root))} 2>/dev/null || exit 0\n{_HELP}{_END}"
        f"for file in {chosen}; do\n"
        '    name=${file%.running}; runs "$name" || continue\n'
        '    end "$session" ""\n'
        '    rm -f -- "$file"\n'
        '    echo "$name"\n'
        "done",
    )
    return ran.out.splitlines()


def full(host: Host, root: str) -> str:
    """Return a phrase about the host's free disk space, for a step that left no result."""
    ran = host.run(f"df -Pk {quote(root)} | tail -n 1", check=False)
    found = re.search(r"(\d+)\s+(\d+)%\s+(\S+)$", ran.out.strip())
    return f"{int(found[1]) // 1024} MB are free on {found[3]}" if found else "its free space is unknown"


def _me(holder: Holder) -> str:
    return f"me={quote(holder.owner)} mine={quote(holder.id)} lease={LEASE}\n"


def _locked(host: Host, ran: Ran) -> None:
    code, out, err = ran.code, ran.out, ran.err
    if code == _LOCKED:
        raise Locked(
            f"{host.name}: another deployment of this cloud is running (as {out.strip()}) - wait for it, or stop it"
        )
    if code:
        raise CommandFailed(f"{host.name}: the state of the steps cannot be read: {(err or out).strip()}")


def _folder(root: str) -> str:
    return f"{root}/steps"
