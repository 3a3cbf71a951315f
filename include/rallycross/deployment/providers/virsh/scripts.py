"""The scripts of the provider `virsh`: queries and steps. Each may run again after it was interrupted."""

from collections.abc import Mapping, Sequence
from shlex import quote

from rallycross.deployment.limits import describe, host_limit
from rallycross.deployment.providers.virsh.domain import Clone

MARK = "--rallycross--"  # a line between two parts of the output
NO_VIRSH, NO_TEMPLATE = 67, 68  # exit codes of `look`


def _help(uri: str) -> str:
    """Return the functions `v`, which runs virsh, and `has WORD COMMAND ...`: whether a line of its output is WORD.

    `v` sets the locale, as the output is parsed. A failing virsh ends the script: it must not look like a missing
    domain.
    """
    return f"""
export LC_ALL=C
v() {{ virsh -q --connect {quote(uri)} "$@"; }}
has() {{
    local word=$1 said; shift
    said=$("$@") || exit
    awk -v word="$word" '$0 == word || $1 == word {{ found = 1 }} END {{ exit !found }}' <<< "$said"
}}
"""


def look(uri: str, template: str) -> str:
    """Return the script that prints the template's state and XML."""
    name = quote(template)
    return f"""
command -v virsh >/dev/null || exit {NO_VIRSH}
{_help(uri)}
has {name} v list --all --name || {{ v list --all --name; exit {NO_TEMPLATE}; }}
v domstate {name}
echo {MARK}
v dumpxml --inactive {name}
"""


def uuids(uri: str) -> str:
    """Return the script that prints the UUIDs of all domains."""
    return f"{_help(uri)}v list --all --uuid"


def pool(uri: str, name: str | None, disk: str) -> str:
    """Return the script that prints the name and XML of the named pool, or of the pool that has the disk."""
    which = f"pool={quote(name)}" if name is not None else _pool_of(disk)
    return f'{_help(uri)}{which}\necho "$pool"\necho {MARK}\nv pool-dumpxml "$pool"'


def _pool_of(path: str) -> str:
    """Return the script that sets `pool` to that of a disk; pools are refreshed, as libvirt may not know new files."""
    disk, folder = quote(path), quote(path.rpartition("/")[0])
    return f"""
pool=$(v vol-pool {disk} 2>/dev/null) || {{
    for name in $(v pool-list --name); do v pool-refresh "$name" >/dev/null || :; done
    pool=$(v vol-pool {disk}) || {{
        echo {disk} 'is not in an active storage pool - virsh pool-create-as NAME dir --target' {folder} >&2
        exit 1
    }}
}}"""


def make(uri: str, clone: Clone, *, pool: str, files: Mapping[str, str], xml: str, linked: bool) -> str:
    """Return the script that creates a domain's volumes and defines it, unless it is defined.

    The domain is defined last. `xml` is the file of its definition, `files` those of its volumes.
    """
    made = []
    for volume in clone.volumes:
        file, base = quote(files[volume.name]), quote(volume.base)
        if linked:
            made.append(f"v vol-create {quote(pool)} {file}")
        else:
            words = f'v vol-create-from {quote(pool)} {file} --inputpool "$pool" "$(v vol-name {base})"'
            made.append(f"{_pool_of(volume.base)}\n{words}")
    lines = "\n".join(made)
    return f"""{_help(uri)}
! has {clone.uuid} v list --all --uuid || exit 0
if has {clone.name} v list --all --name; then
    echo 'domain {clone.name} exists, and this deployment has not created it - undefine it, or set `prefix`' >&2
    exit 1
fi
{_gone(clone, pool)}
{lines}
v define {quote(xml)}
"""


def gone(uri: str, clone: Clone, pool: str) -> str:
    """Return the script that destroys a domain, found by its UUID, and deletes its volumes.

    What is gone already is ignored. `undefine --remove-all-storage` would also delete ISO images.
    """
    return f"{_help(uri)}{_gone(clone, pool)}"


def _gone(clone: Clone, pool: str) -> str:
    volumes, where = " ".join(quote(volume.name) for volume in clone.volumes), quote(pool)
    return f"""
if has {clone.uuid} v list --all --uuid; then
    # It may end by itself in between.
    ! has {clone.uuid} v list --uuid || v destroy {clone.uuid} || ! has {clone.uuid} v list --uuid
    v undefine {clone.uuid} --managed-save --snapshots-metadata --nvram
fi
if has {where} v pool-list --all --name; then
    has {where} v pool-list --name || v pool-start {where}
    for volume in {volumes}; do
        # A copying that goes on behind a killed virsh keeps its volume until its end.
        until=$((SECONDS + {host_limit():.0f}))
        while :; do
            has "$volume" v vol-list {where} || break
            ! v vol-delete --pool {where} "$volume" || break
            [ "$SECONDS" -lt "$until" ] || {{
                echo "$volume is not deleted after {describe(host_limit())}" >&2; exit 1; }}
            sleep 1
        done
    done
fi
"""


def run(uri: str, clones: Sequence[Clone], *, port: int | None, limit: int, file: str) -> str:
    """Return the script that starts the domains, and writes the name and address of each to `file`.

    It fails after `limit` seconds. With a `port`, an address counts once that port answers the host.
    """
    domains = "\n".join(f"{clone.name} {clone.uuid} {clone.mac}" for clone in clones)
    answers = f'timeout 3 bash -c ": <>/dev/tcp/$1/{port}" 2>/dev/null' if port else ":"
    wanted = f"an address that answers on port {port}" if port else "an address"
    return f"""{_help(uri)}
domains={quote(domains)}
answers() {{ {answers}; }}
addresses() {{  # of the interface $2 of the domain $1: the surest first, each once
    {{
        # An interface's second address has a dash in the place of the MAC address.
        for source in lease agent arp; do
            v domifaddr "$1" --source "$source" 2>/dev/null || :
        done | awk '{{ if ($2 != "-") mac = $2; print mac, $3, $4 }}'
        ip -4 neigh 2>/dev/null | awk '/lladdr/ && !/FAILED/ {{ print $5, "ipv4", $1 }}' || :
    }} | awk -v mac="$2" 'tolower($1) == mac && $2 == "ipv4" {{ sub("/.*", "", $3); if (!seen[$3]++) print $3 }}'
}}
while read -r name uuid mac; do
    has "$uuid" v list --uuid || v start "$uuid"
done <<< "$domains"
part={quote(f"{file}.part")}
: > "$part"
while read -r name uuid mac; do
    while :; do
        known=$(addresses "$uuid" "$mac")
        for address in $known; do
            ! answers "$address" || {{ echo "$name $address" >> "$part"; continue 3; }}
        done
        has "$uuid" v list --uuid || {{ echo "$name is no longer running - look at its console" >&2; exit 1; }}
        if [ "$SECONDS" -ge {limit} ]; then
            echo "$name has not got {wanted} within {limit} s (found for $mac in leases, guest agent and ARP:" \\
                $(echo "${{known:-nothing}}")") - look at its console, or raise \\`timeout\\`" >&2
            exit 1
        fi
        sleep 1
    done
done <<< "$domains"
mv -f "$part" {quote(file)}
"""
