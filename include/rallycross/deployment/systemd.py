"""Starts, stops and inspects the systemd units of a cloud, chosen by name patterns, on all its nodes."""

from collections.abc import Sequence
from shlex import quote

from rallycross.deployment.engine import Service
from rallycross.deployment.node import Node
from rallycross.deployment.whole_host import AS_ROOT
from rallycross.errors import RallycrossError


def _also(beside: str) -> str:
    """Set `$also` to the units that a file names; to none if the file does not exist."""
    return f'also=$(cat "{beside}" 2>/dev/null || :)\n' if beside else "also=\n"


def enabled(patterns: Sequence[str]) -> str:
    """Set `$units` to the enabled units that match."""
    wanted = " ".join(map(quote, patterns))
    # systemctl ends with 1 if there are none.
    return f"units=$(systemctl list-unit-files --state=enabled --no-legend {wanted} | awk '{{ print $1 }}' || :)\n"


def start(patterns: Sequence[str], *, beside: str = "") -> str:
    """Return the script that starts the enabled units; it fails with the journal of a unit that does not stay up.

    `beside` is a file that names further units, which are started first.
    """
    none = f"no unit of {' '.join(patterns)} is enabled, so the deployer has not done its work - look at its log"
    return f"""{_also(beside)}{AS_ROOT}{enabled(patterns)}
[ -n "$units" ] || {{ echo {quote(none)} >&2; exit 1; }}
code=0
[ -z "$also" ] || as_root systemctl start $also || code=$?
as_root systemctl start $units || code=$?
failed=$(systemctl list-units --state=failed --plain --no-legend $also $units | awk '{{ print $1 }}')
[ -z "$failed" ] || {{ as_root journalctl --no-pager -n 15 -u "${{failed%%$'\\n'*}}"; echo "failed:" $failed; exit 1; }}
exit "$code"
"""


def stop(patterns: Sequence[str], *, beside: str = "") -> str:
    """Return the script that stops the enabled units, and then those that the file `beside` names."""
    return (
        f'{_also(beside)}{AS_ROOT}{enabled(patterns)}[ -z "$units" ] || as_root systemctl stop $units\n'
        '[ -z "$also" ] || as_root systemctl stop $also'
    )


def status(nodes: Sequence[Node], patterns: Sequence[str], *, prefix: str = "", beside: str = "") -> list[Service]:
    """Return the state of the units, named without the common prefix.

    `beside` is a file in the cloud's folder on each node that names further units.
    """
    return [
        Service(name, "RUNNING" if state == "active" else state.upper(), sub)
        for name, (_, _, state, sub) in _there(nodes, patterns, prefix, beside).items()
    ]


def logs(
    nodes: Sequence[Node],
    patterns: Sequence[str],
    *,
    service: str | None,
    lines: int,
    prefix: str = "",
    beside: str = "",
) -> str:
    """Return the last journal lines of one unit, or of all (None); raise `RallycrossError` for an unknown unit."""
    there = _there(nodes, patterns, prefix, beside)
    if service is not None and service not in there:
        raise RallycrossError(f"there is no service {service!r} - there is: {', '.join(there) or 'none yet'}")
    said = []
    for name in there if service is None else [service]:
        node, unit, _, _ = there[name]
        script = f"{AS_ROOT}as_root journalctl --no-pager -o short-iso -n {lines} -u {quote(unit)}"
        said.append(f"==> {name}\n" + node.host.run(script).out)
    return "".join(said)


def _there(
    nodes: Sequence[Node], patterns: Sequence[str], prefix: str, beside: str
) -> dict[str, tuple[Node, str, str, str]]:
    """Return for each unit, by its shown name: the node, the unit, its active state and its sub-state."""
    script = f"""{enabled(patterns)}
for unit in $units $also; do
    echo "$unit $(systemctl show -P ActiveState "$unit") $(systemctl show -P SubState "$unit")"
done
"""
    found = {}
    for node in nodes:
        also = _also(f"{node.root}/{beside}" if beside else "")
        for line in node.host.run(f"{also}{script}").out.splitlines():
            unit, state, sub = line.split()
            name = unit.removeprefix(prefix).removesuffix(".service")
            found[f"{name} on {node.name}" if len(nodes) > 1 else name] = (node, unit, state, sub)
    return found
